// What a row of the page is: a trial of a study or, in the report of the catalogue, a network as it was measured.

const of_trials = {
  row: () => say("trial"), rows: () => say("Trials"), number: () => say("Number of the trial"), file: "trials-shown.csv",
  setting: () => say("Setting"), settings: () => say("Configuration"),
  counted: (shown, all) => say("{shown} of {all} trials", { shown, all }),
  selected: (number) => many(number, "{number} trial is selected:", "{number} trials are selected:"),
  outside: (number) => many(number, "{number} trial lies outside these axes and stands at their border.", "{number} trials lie outside these axes and stand at their border."),
  front: (number) => many(number, "{number} trial is on the front: large marks.", "{number} trials are on the front: large marks."),
  drawn: (number, said) => many(number, "{y} against {x}: {number} trial, {front} on the front. Arrow keys go from one to the next, Enter opens it.", "{y} against {x}: {number} trials, {front} on the front. Arrow keys go from one to the next, Enter opens it.", said),
  none: () => say("No trained model may be chosen yet."),
  misses: () => say("No trained model is within these limits. The nearest:"),
  reason: () => say("Why it was refused, failed, or was not trained to its end"),
  set: () => say("Data set"), untried: () => say("not tried"),
  on_every: (number) => many(number, "{number} network is on the front of every data set.", "{number} networks are on the front of every data set."),
  apart: () => say("Each data set has its own front: accuracies on different pictures are not compared. Pointing at a network marks it in every data set that it was trained on."),
};
const of_networks = {
  row: () => say("network"), rows: () => say("Rows"), number: () => say("Number of the row"), file: "networks-shown.csv",
  setting: () => say("Property"), settings: () => say("The network, and how it was run"),
  counted: (shown, all) => say("{shown} of {all} rows", { shown, all }),
  selected: (number) => many(number, "{number} row is selected:", "{number} rows are selected:"),
  outside: (number) => many(number, "{number} row lies outside these axes and stands at their border.", "{number} rows lie outside these axes and stand at their border."),
  front: (number) => many(number, "{number} row is on the front: large marks.", "{number} rows are on the front: large marks."),
  drawn: (number, said) => many(number, "{y} against {x}: {number} row, {front} on the front. Arrow keys go from one to the next, Enter opens it.", "{y} against {x}: {number} rows, {front} on the front. Arrow keys go from one to the next, Enter opens it.", said),
  none: () => say("No row has what is compared."),
  misses: () => say("No network is within these limits. The nearest:"),
  reason: () => say("Why it is not stable, or was not measured"),
  set: () => say("Device"), untried: () => say("not measured"),
  on_every: (number) => many(number, "{number} network is on the front of every device.", "{number} networks are on the front of every device."),
  apart: () => say("Each device has its own front. Pointing at a network marks it on every device that it was measured on."),
};
