(function () {
  "use strict";
  // Plain ES2017: phones here are old, and a script that does not parse leaves a blank page.
  var body = document.body, base = body.dataset.base, $ = function (id) { return document.getElementById(id); };
  var w = JSON.parse(body.dataset.words);
  var log = $("log"), list = $("list"), field = $("text"), state = $("state"), replies = $("replies"), hello = $("hello");
  field.placeholder = w.write; field.setAttribute("aria-label", w.write);
  $("send").setAttribute("aria-label", w.send); replies.setAttribute("aria-label", w.suggested);
  list.setAttribute("aria-label", w.conversation);
  $("forget").textContent = w.fresh;

  // The administrator's colour, with letters on it that can be read.
  var colour = body.dataset.colour, part = function (at) { return parseInt(colour.substr(at, 2), 16) / 255; };
  var root = document.documentElement.style;
  root.setProperty("--brand", colour);
  if (.2126 * part(1) + .7152 * part(3) + .0722 * part(5) > .58) root.setProperty("--on", "#111");

  // What must survive a reload. Private windows may refuse storage: then it lives as long as the page.
  var memory = {};
  function load(key) { try { return localStorage.getItem(base + key); } catch (e) { return memory[key] || null; } }
  function save(key, value) {
    memory[key] = value;
    try { if (value === null) localStorage.removeItem(base + key); else localStorage.setItem(base + key, value); } catch (e) { /* kept in memory */ }
  }
  function random() {
    return Array.prototype.map.call(crypto.getRandomValues(new Uint8Array(24)), function (b) { return (b + 256).toString(16).slice(1); }).join("");
  }
  var token = load("token");
  if (!token) { token = random(); save("token", token); }
  var queue = [];
  try { queue = JSON.parse(load("queue")) || []; } catch (e) { queue = []; }
  function keep() { save("queue", JSON.stringify(queue.slice(-50))); }

  var last = 0, shown = {}, online = false, sending = false, delay = 0, opened = false;
  function status(up) { online = up; state.textContent = up ? w.online : w.offline; }

  function call(method, path, data, extra) {
    var headers = { Authorization: "Bearer " + token }, options = { method: method, headers: headers, cache: "no-store", credentials: "omit" };
    if (data) { headers["Content-Type"] = "application/json"; options.body = JSON.stringify(data); }
    for (var key in extra || {}) { if (key === "signal") options.signal = extra[key]; else headers[key] = extra[key]; }
    return fetch(base + path, options);
  }

  function element(tag, name, text) {
    var e = document.createElement(tag);
    if (name) e.className = name;
    if (text) e.textContent = text;
    return e;
  }
  function link(url, text) {
    var a = element("a", "", text); a.href = url; a.target = "_blank"; a.rel = "noopener noreferrer"; return a;
  }
  function fill(bubble, message) {
    bubble.dir = "auto";
    var offer = message.interactive || {};
    if (offer.header) bubble.appendChild(element("strong", "", offer.header));
    message.text.split(/(https?:\/\/[^\s<>"]+)/).forEach(function (piece, at) {
      if (piece) bubble.appendChild(at % 2 ? link(piece, piece) : document.createTextNode(piece));
    });
    (message.attachments || []).forEach(function (attachment) {
      var cut = attachment.indexOf(":"), url = attachment.slice(cut + 1);
      if (!/^https?:\/\//.test(url)) return;
      if (bubble.firstChild) bubble.appendChild(document.createTextNode("\n"));
      bubble.appendChild(link(url, w.attachment + ": " + (url.split(/[?#]/)[0].split("/").pop() || url)));
    });
    if (offer.footer) bubble.appendChild(element("small", "", offer.footer));
  }
  function meta(item, mark, retry) {
    var at = new Date(item.message.at), m = item.meta;
    m.textContent = ("0" + at.getHours()).slice(-2) + ":" + ("0" + at.getMinutes()).slice(-2) + (mark ? " · " + mark : "");
    if (retry) { var b = element("button", "", w.retry); b.type = "button"; b.onclick = retry; m.appendChild(b); }
  }
  // Shows a message once, at its place: by the server's number, what is not yet there at the end.
  function show(message) {
    var key = message.client || message.seq, item = shown[key], near = log.scrollHeight - log.scrollTop - log.clientHeight < 140;
    if (!item) {
      item = shown[key] = { li: element("li", message.from), message: message, meta: element("div", "m") };
      var bubble = element("div", "b");
      fill(bubble.appendChild(element("div")), message);
      item.li.appendChild(bubble); item.li.appendChild(item.meta);
    }
    var seq = message.seq || Infinity, moved = item.seq !== seq;
    item.message = message;
    item.seq = seq;
    item.li.className = message.from + (message.seq || message.sent ? "" : message.bad ? " bad" : " wait");
    if (message.seq || message.sent) meta(item, message.from === "in" ? "✓" : "");
    else if (message.bad) meta(item, message.bad, function () { delete message.bad; keep(); show(message); flush(); });
    else meta(item, online ? w.sending : w.waiting);
    if (moved) {
      var before = null, last = list.lastChild;
      for (; last && (last === item.li || last.item.seq > seq); last = last.previousSibling) if (last !== item.li) before = last;
      item.li.item = item;
      list.insertBefore(item.li, before);
    }
    if (near || message.from === "in") log.scrollTop = log.scrollHeight;
    $("forget").hidden = false;
    if (!hello.className) hello.hidden = true;
    return item;
  }
  function offer() {
    var end = list.lastChild, message = end && end.item.message;
    var from = message && message.from === "out" ? message : {}, kind = from.interactive || {};
    var options = kind.buttons || (from.quick_replies || []).map(function (text) { return { title: text }; });
    replies.textContent = "";
    function choice(option, place) {
      var b = element("button", "", option.title);
      b.type = "button"; b.dir = "auto";
      if (option.description) b.appendChild(element("small", "", option.description));
      b.onclick = function () { say(option.title, option.id); field.focus(); };
      place.appendChild(b);
    }
    if (kind.sections) {
      var all = replies.appendChild(element("details")), summary = all.appendChild(element("summary", "", kind.button));
      summary.dir = "auto";
      kind.sections.forEach(function (section) {
        if (section.title) all.appendChild(element("h2", "", section.title)).dir = "auto";
        section.rows.forEach(function (row) { choice(row, all); });
      });
      all.ontoggle = function () { log.scrollTop = log.scrollHeight; };
    } else options.forEach(function (option) { choice(option, replies); });
    if (replies.firstChild) log.scrollTop = log.scrollHeight;
  }
  function take(messages) {
    messages.forEach(function (message) {
      if (message.seq > last) last = message.seq;
      queue = queue.filter(function (waiting) { return waiting.client !== message.client; });
      show(message);
    });
    if (messages.length) { keep(); offer(); }
  }

  function say(text, choice) {
    text = text.trim();
    if (!text) return;
    var message = { choice: choice, client: random().slice(0, 32), from: "in", text: text, at: new Date().toISOString() };
    queue.push(message); keep(); show(message); offer(); flush();
  }
  // Sends what waits, in order, each under the same identifier until the server has it.
  function flush() {
    var message = queue.filter(function (m) { return !m.bad; })[0];
    if (sending || !message) return;
    sending = true;
    show(message);
    call("POST", "/messages", { id: message.client, text: message.text, choice: message.choice }).then(function (answer) {
      if (answer.ok) {
        delay = 0; status(true);
        message.sent = true;
        queue = queue.filter(function (m) { return m !== message; });
        keep();
        // The stream may have been faster and given the message its place.
        return shown[message.client].message.seq || show(message);
      }
      if (answer.status === 429 || answer.status >= 500) throw answer.status;
      message.bad = w.failed; keep(); show(message);
    }).catch(function (reason) {
      if (reason !== 429 && typeof reason !== "number") status(false);
      else if (reason === 429) state.textContent = w.slow;
      show(message);
      delay = Math.min(30, delay * 2 || 1);
      return new Promise(function (go) { wake = go; setTimeout(go, delay * 1000); });
    }).then(function () { sending = false; flush(); });
  }
  var wake = function () {};
  window.addEventListener("online", function () { delay = 0; wake(); });

  // Replies: a stream that goes on where it stopped; where streams do not get through, asking again and again.
  var failures = 0, streams = !!(window.ReadableStream && window.TextDecoder && window.AbortController);
  function pause(seconds) { return new Promise(function (go) { setTimeout(go, seconds * 1000); }); }
  async function poll() {
    var answer = await call("GET", "/messages?after=" + last);
    if (!answer.ok) throw answer.status;
    var page = await answer.json();
    take(page.messages); status(true); flush();
    return page;
  }
  async function listen() {
    var stop = new AbortController(), timer, heard = false;
    var watch = function (seconds) { clearTimeout(timer); timer = setTimeout(function () { stop.abort(); }, seconds * 1000); };
    watch(12);
    try {
      var answer = await call("GET", "/events", null, { Accept: "text/event-stream", "Last-Event-ID": String(last), signal: stop.signal });
      if (!answer.ok) throw answer.status;
      var reader = answer.body.getReader(), decoder = new TextDecoder(), text = "";
      for (;;) {
        var chunk = await reader.read();
        if (chunk.done) return;
        if (!heard) { heard = true; failures = 0; status(true); flush(); }
        watch(50);
        text += decoder.decode(chunk.value, { stream: true });
        var blocks = text.split("\n\n");
        text = blocks.pop();
        blocks.forEach(function (block) {
          var data = block.split("\n").filter(function (l) { return l.slice(0, 6) === "data: "; })[0];
          if (data) take([JSON.parse(data.slice(6))]);
        });
      }
    } finally { clearTimeout(timer); stop.abort(); if (!heard) failures++; }
  }
  async function run() {
    for (;;) {
      try {
        if (!opened) {
          var page = await poll();
          opened = true;
          if (!page.messages.length && !queue.length) await call("POST", "/open");
        }
        if (streams && failures < 2) await listen();
        else { await poll(); await pause(document.hidden ? 15 : 4); }
      } catch (e) { status(false); await pause(Math.min(20, 2 + failures * 2)); }
    }
  }

  $("form").onsubmit = function (event) {
    event.preventDefault(); say(field.value); field.value = ""; grow(); field.focus();
  };
  field.onkeydown = function (event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); $("form").onsubmit(event); }
  };
  function grow() { field.style.height = "auto"; field.style.height = field.scrollHeight + 2 + "px"; }
  field.oninput = grow;
  $("forget").onclick = function () {
    if (confirm(w.forget)) { save("token", null); save("queue", null); location.reload(); }
  };
  state.textContent = w.connecting;
  queue.forEach(show);
  run();
})();
