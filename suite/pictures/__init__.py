"""From the file of a picture to the input of a network."""
