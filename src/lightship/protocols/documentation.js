// Shows openapi.json, and asks for a token first if the server requires one. The token is kept in memory only.
"use strict";

const root = document.getElementById("swagger-ui");

async function load(token) {
  const headers = token ? { Authorization: "Bearer " + token } : {};
  const answer = await fetch("openapi.json", { headers, credentials: "omit" });
  if (answer.status === 401) {
    ask(token ? "This is not the server's token." : "This server requires a token.");
  } else if (answer.ok) {
    show(await answer.json(), token);
  } else {
    root.textContent = "openapi.json cannot be read: the server returned status " + answer.status + ".";
  }
}

function show(spec, token) {
  const ui = SwaggerUIBundle({
    spec,
    dom_id: "#swagger-ui",
    deepLinking: true,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
    onComplete: () => token && ui.preauthorizeApiKey("bearer", token),
  });
}

function ask(sentence) {
  const form = document.createElement("form");
  const label = document.createElement("label");
  const field = document.createElement("input");
  const button = document.createElement("button");
  label.textContent = sentence + " ";
  field.type = "password";
  field.autocomplete = "off";
  field.required = true;
  button.textContent = "Authorize";
  label.append(field);
  form.append(label, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    load(field.value.trim()).catch(failed);
  });
  root.replaceChildren(form);
  field.focus();
}

function failed(error) {
  root.textContent = "openapi.json cannot be read: " + error.message;
}

load("").catch(failed);
