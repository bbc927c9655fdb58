import { render } from "preact";
import { App } from "./app";
import { language } from "./i18n";
import "./styles/base.css";

document.documentElement.lang = language();
const root = document.getElementById("root");
if (root) render(<App />, root);
