"use strict";
const form = document.querySelector("form");
const status = document.querySelector("[role=status]");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = Object.fromEntries(new FormData(form));
  body.link = location.hash.slice(1);
  const answer = await fetch(form.dataset.action, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (answer.ok) {
    history.replaceState(null, "", location.pathname);
    form.remove();
    status.textContent = "Done. You can sign in with your password from now on.";
    return;
  }
  const said = await answer.json().catch(() => ({}));
  status.textContent = said.detail || Object.values(said).flat().join(" ") || "That did not work. Try again later.";
});
