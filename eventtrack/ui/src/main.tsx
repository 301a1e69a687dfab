/** Starts the app. */

import { render } from "solid-js/web";
import "uplot/dist/uPlot.min.css";
import "./styles/theme.css";
import "./styles/shell.css";
import "./styles/widgets.css";
import "./styles/table.css";
import "./styles/charts.css";
import { App } from "./app";

render(() => <App />, document.getElementById("app")!);
