// Making elements. Data only ever gets in as text: nothing here or elsewhere reads HTML from a string.

function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

function byId(id) {
  return document.getElementById(id);
}

// Says something to people who listen instead of look, and shows it for a moment to the others.
function announce(text) {
  const place = byId('said');
  place.textContent = text;
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => { place.textContent = ''; }, 4000);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // A page opened from a file may have no clipboard of its own: the old way still works there.
    const area = h('textarea', { class: 'aside' });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  announce('copied: ' + text);
}

function copyButton(text, what) {
  return h('button', { type: 'button', class: 'copy', 'aria-label': 'Copy ' + what, onclick: () => copy(text) }, 'Copy');
}

function badge(severity) {
  return severity ? h('span', { class: 'badge ' + (logic.SEVERITIES.includes(severity) ? severity : 'other') }, severity) : null;
}

// What an outcome comes to, for its colour: done, bad, waiting or just so.
const TONES = {
  Fixed: 'good', Failed: 'bad', 'Not verified': 'bad', 'Broken again': 'bad', 'Cannot see': 'bad', 'Could not judge': 'bad', Refused: 'warn',
  'Waits for approval': 'warn', 'Runs out soon': 'warn', Ended: 'bad', Rejected: 'warn', Expired: 'warn',
};

function chip(outcome) {
  return outcome ? h('span', { class: 'chip ' + (TONES[outcome] ?? 'plain') }, outcome) : null;
}
