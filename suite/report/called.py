"""What a page calls itself and its rows: trials of studies, or networks as they were measured.

The sentences of its scripts are in `page/rows.js`.
"""

from __future__ import annotations

from suite.report.language import say


def of_trials() -> dict[str, str]:
    """Return the sentences of the page of studies."""
    return {
        "report": say("Search report"),
        "rows": say("Trials"),
        "numbers": say("The trials in numbers"),
        "table": say("Table of trials"),
        "opens": say(
            "A click on a row, a mark or a line opens the trial. A rectangle drawn in a figure selects, in every "
            "figure and in the table."
        ),
        "across": say("What was chosen, and what came of it"),
        "lines": say(
            "Each trial is a line across its settings and measures. The table of trials has the same numbers."
        ),
        "reading": say(
            "Each line is a trial; thick ones are on the front, and pale ones are not selected. Better is up. Drag "
            "along an axis to select."
        ),
        "still": say("It is of all trials, whatever is selected."),
        "sides": say(
            "These runs saw different pictures. Accuracies on different pictures are not compared, so each data set "
            "has its own answer and its own front."
        ),
        "sets": say("Data sets"),
        "fronts": say("Which network is on the front of which data set"),
        "same": say(
            "Networks with the same settings of their architecture stand in one row, however they were trained. What "
            "is selected, and what the axes of the figure are, holds here too."
        ),
    }


def of_networks() -> dict[str, str]:
    """Return the sentences of the page of measured networks."""
    return {
        "report": say("Catalogue report"),
        "rows": say("Networks, as measured"),
        "numbers": say("The networks in numbers"),
        "table": say("Table of networks"),
        "opens": say(
            "Each row is one network on one device, path and precision, at one batch size; or a network that was not "
            "measured. Accuracies are cited, never measured here. A click on a row, a mark or a line opens it. A "
            "rectangle drawn in a figure selects, in every figure and in the table."
        ),
        "across": say("What each network is, and what it costs"),
        "lines": say("Each row is a line across its properties and measures. The table has the same numbers."),
        "reading": say(
            "Each line is a row; thick ones are on the front, and pale ones are not selected. Better is up. Drag along "
            "an axis to select."
        ),
        "still": say("It is of all networks, whatever is selected."),
        "sides": say(
            "Values that depend on the device are not compared across devices, so each device has its own answer and "
            "its own front."
        ),
        "sets": say("Devices"),
        "fronts": say("Which network is on the front of which device"),
        "same": say("What is selected, and what the axes of the figure are, holds here too."),
    }
