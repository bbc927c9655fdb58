import { render } from "preact";
import { App } from "./app";
import { applyTheme } from "./components/theme";
import { language } from "./i18n";
import "./styles/base.css";

document.documentElement.lang = language();
applyTheme();
const root = document.getElementById("root");
if (root) render(<App />, root);
