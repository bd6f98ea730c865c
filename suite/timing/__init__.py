"""How long an exported network takes on this device, and how sure that is."""
