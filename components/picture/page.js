"use strict";
(() => {
  const told = document.querySelector("figcaption");
  const idle = told.textContent;
  const figure = document.querySelector("figure");
  const all = (selector) => document.querySelectorAll(selector);
  const facts = {};
  for (const host of all(".host")) facts[host.dataset.host] = host.dataset;

  // A copy of the zone's channel that ends at the host and not at the zone's last one.
  function light(host) {
    const chart = host.closest("svg");
    const way = chart.querySelector(`.channel[data-zone="${host.dataset.zone}"]`).cloneNode(true);
    for (const line of way.children) {
      line.setAttribute("d", line.getAttribute("d").replace(/V[\d.]+$/, `V${host.dataset.y}`));
    }
    way.classList.add("lit", "shown");
    chart.querySelector(".channels").append(way);
  }

  function show(name) {
    for (const way of all(".shown")) way.remove();
    for (const lit of all(".lit")) lit.classList.remove("lit");
    figure.classList.toggle("focused", Boolean(name));
    if (!name) { told.textContent = idle; return; }
    for (const part of all(`[data-host="${name}"]`)) part.classList.add("lit");
    for (const host of all(`.host[data-host="${name}"]`)) light(host);
    const bold = document.createElement("b");
    bold.textContent = name;
    const story = document.querySelector(`[data-story="${name}"]`);
    if (story) { told.replaceChildren(bold, story.textContent.slice(name.length)); return; }
    const { zone, address, containers } = facts[name];
    told.replaceChildren(bold, ` in zone ${zone}: from any zone, the route table sends packets ` +
      `to ${containers} to this host at ${address}.`);
  }

  let held = "";
  const owner = (event) => event.target.closest?.("[data-host]")?.dataset.host ?? "";
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "mouse") show(owner(event) || held);
  });
  document.addEventListener("focusin", (event) => { held = owner(event); show(held); });
  document.addEventListener("focusout", () => { held = ""; show(""); });
  document.addEventListener("click", (event) => { held = owner(event); show(held); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.activeElement?.blur();
  });
})();
