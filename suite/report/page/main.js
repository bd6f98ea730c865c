// What is drawn again when something has changed, and the first drawing of all.

view(["limits", "set", "hidden"], find_best);
view(["limits", "set", "hidden"], show_answer);
view(["set"], show_sets);
if (sets.length) view(OF_THE_SELECTION, show_networks);
keep_drawn(chart, [...OF_THE_SELECTION, "xlog", "ylog", "all", "limits"], paint_front, true);
view(OF_THE_FRONT, show_legend);
view(OF_THE_SELECTION, show_selection);
view(["x", "y", "xlog", "ylog"], () => shown_axes.forEach((show) => show()));
view([...OF_THE_SELECTION, "sort", "down", "columns", "trial"], show_table);
view(["columns"], show_chooser);
view(["find"], () => { if (document.activeElement !== find) find.value = state.find; });
view(["trial", "limits", "hidden"], show_trial);
view(["theme"], show_theme);
lay_out_sets();
lay_out_parallel();
lay_out_over_time();
lay_out_again();
lay_out_settings();
lay_out_families();
view([...OF_THE_SELECTION, "limits", "trial"], show_answered);
figures.filter(({ svg }) => svg !== chart).forEach(({ svg }) => offer_png(svg));
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll(".answer details, .measured-how")) details.open = true;
  draw_rest();
});
drawn_marks_point();
draw_all();

// The page of a running study loads itself again. With a view in its address, a browser would stay where it is.
const again_after = document.querySelector("meta[http-equiv=refresh]");
if (again_after) setTimeout(() => location.reload(), 1000 * Number(again_after.content));
