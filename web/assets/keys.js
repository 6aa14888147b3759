// Keys for the inbox, and what is new in it. All of it can be done without.
(() => {
  "use strict";
  const one = (selector, within = document) => within.querySelector(selector);
  const cards = () => [...document.querySelectorAll("main .card")];
  const current = () => cards().find(c => c.contains(document.activeElement));
  const help = one("#keys");

  const go = by => {
    const all = cards(), i = all.indexOf(current());
    const next = all[i < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, i + by))];
    const link = next && one("h2 a", next);
    if (!link) return;
    link.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  // On the page of a case there is one to act on; in a list it is the one that has the focus.
  const act = to => {
    const within = one("[data-case]") ? one("main") : current();
    const button = within && one(`form[action$="/move"] button[name=to][value=${to}]`, within);
    if (button) button.click();
  };
  const reply = () => {
    const text = one("textarea[name=text]");
    if (text) text.focus();
    else if (current()) location.assign(one("h2 a", current()).href + "#answer");
  };
  const search = () => {
    const field = one("input[type=search]");
    if (field) field.focus();
    else location.assign("/mentions#q");
  };
  const does = {
    j: () => go(1), k: () => go(-1), c: () => act("claimed"), e: () => act("done"), s: () => act("snoozed"), r: reply,
    u: () => { const b = one('form[action="/undo"] button'); if (b) b.click(); },
    "/": search, "?": () => help && help.showModal(),
  };

  if (document.body.dataset.keys === "on") {
    document.addEventListener("keydown", e => {
      const typing = e.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog");
      if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || e.repeat && e.key !== "j" && e.key !== "k" || typing || !Object.hasOwn(does, e.key)) return;
      e.preventDefault();
      does[e.key]();
    });
    const open = one("#keys-open");
    if (open && help) {
      open.hidden = false;
      open.addEventListener("click", () => help.showModal());
    }
  }
  const at = { "#answer": "textarea[name=text]", "#q": "input[type=search]" }[location.hash];
  if (at && one(at)) one(at).focus();

  // What was done a minute ago cannot be taken back any more.
  const undo = one('form[action="/undo"]');
  if (undo) setTimeout(() => undo.remove(), 60000);

  const news = one("[data-poll]");
  if (!news) return;
  const ask = async () => {
    if (document.hidden) return;
    const answer = await fetch(news.dataset.poll, { credentials: "same-origin" }).catch(() => null);
    if (!answer || !answer.ok) return;
    const got = await answer.json().catch(() => ({}));
    const said = got.say || got.looking || "";
    if (said === news.textContent || !said && !news.dataset.case) return;
    if (!got.say) {
      news.textContent = said;
      return;
    }
    const link = document.createElement("a");
    link.className = "button";
    link.href = news.dataset.show;
    link.textContent = said;
    news.replaceChildren(link);
  };
  setInterval(ask, Number(news.dataset.every) * 1000);
})();
