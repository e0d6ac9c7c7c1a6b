"use strict";
// Filters are kept in the address (#language=th&state=failed), so that a view can be bookmarked and a count can link to its clips.
const form = document.querySelector(".filters"), found = form.querySelector(".found"), nothing = document.querySelector(".nothing");
const plain = text => text.normalize("NFKC").toLowerCase();
const cards = [...document.querySelectorAll("article")].map(card => ({
  card, words: plain([...card.querySelectorAll("h3, .source, .sku")].map(part => part.textContent).join(" ")),
}));
const chosen = () => new Map([...new FormData(form)].filter(([, value]) => value.trim()));
const fits = {
  q: (one, value) => plain(value).split(/\s+/).every(word => one.words.includes(word)),
  show: (one, value) => one.card.dataset[value] === "yes",
  state: (one, value) => one.card.dataset.state === value,
  language: (one, value) => one.card.dataset.language === value,
  channel: (one, value) => one.card.dataset.channel.split(" ").includes(value),
  seen: (one, value) => one.card.dataset.seen.split(" ").includes(value),
};
function filter() {
  const wanted = [...chosen()].map(([name, value]) => [name, value.trim()]);
  let shown = 0;
  for (const one of cards) {
    one.card.hidden = !wanted.every(([name, value]) => fits[name](one, value));
    shown += !one.card.hidden;
  }
  found.textContent = shown === cards.length ? `${shown} clips` : `${shown} of ${cards.length} clips`;
  nothing.hidden = shown > 0 || !cards.length;
}
function fromAddress(event) {
  const said = location.hash.slice(1);
  if (said.includes("=")) {
    form.reset();
    for (const [name, value] of new URLSearchParams(said)) if (form.elements[name]) form.elements[name].value = value;
    filter();
    document.querySelector("#clips").scrollIntoView();
    if (event) document.querySelector("#clips").focus({ preventScroll: true });
  } else if (said.startsWith("clip-")) { // a clip that a filter has hidden can't be gone to
    const card = document.getElementById(said);
    if (card && card.hidden) { form.reset(); filter(); card.scrollIntoView(); }
  }
}
function toAddress() {
  filter();
  history.replaceState(null, "", "#" + (new URLSearchParams([...chosen()]).toString() || "clips"));
}
form.addEventListener("input", toAddress);
form.addEventListener("submit", event => event.preventDefault());
form.addEventListener("reset", () => setTimeout(toAddress));
nothing.querySelector("button").addEventListener("click", () => { form.reset(); form.elements.q.focus(); });
addEventListener("hashchange", fromAddress);
form.hidden = false;
filter();
fromAddress();

// A cover opens its clip over the page; without this script the link opens the file.
const player = document.querySelector("dialog"), video = player.querySelector("video");
const playable = () => [...document.querySelectorAll("article:not([hidden]) .play")];
let playing = null;
function play(link) {
  playing = link;
  const card = link.closest("article"), title = player.querySelector("h2"), all = playable(), at = all.indexOf(link);
  title.textContent = card.querySelector("h3").textContent;
  title.lang = card.querySelector("h3").lang;
  player.querySelector("[role=status]").textContent = `${card.querySelector(".sku").textContent}, ${at + 1} of ${all.length}`;
  player.querySelector("[data-do=before]").disabled = at < 1;
  player.querySelector("[data-do=next]").disabled = at + 1 >= all.length;
  video.poster = link.querySelector("img").src;
  video.src = link.href;
  if (!player.open) player.showModal();
  video.play().catch(() => {}); // a browser that plays nothing by itself has the controls
}
function step(by) {
  const all = playable(), next = all[all.indexOf(playing) + by];
  if (next) play(next);
}
document.querySelector(".grid").addEventListener("click", event => {
  const link = event.target.closest(".play");
  if (!link || !player.showModal || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  play(link);
});
player.addEventListener("click", event => {
  const what = event.target.dataset.do;
  if (what === "close" || event.target === player) player.close();
  else if (what) step(what === "next" ? 1 : -1);
});
player.addEventListener("keydown", event => {
  if (event.target === video || (event.key !== "ArrowRight" && event.key !== "ArrowLeft")) return;
  event.preventDefault();
  step(event.key === "ArrowRight" ? 1 : -1);
});
player.addEventListener("close", () => {
  video.removeAttribute("src");
  video.load();
  playing.focus();
});
