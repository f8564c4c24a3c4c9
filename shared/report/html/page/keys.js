// The keyboard, and paper.

function onKey(event) {
  const isTyping = event.target.matches('input, select, textarea');
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === 'Escape') return onEscape(event);
  if (byId('help').open) return;
  if (event.target.matches('[role=tab]') && ['ArrowLeft', 'ArrowRight', 'Home', 'End'].includes(event.key)) return turnTab(event);
  if (isTyping) {
    if (event.key === 'Enter' && event.target.id === 'search') byId('list').focus();
    return;
  }
  const action = {
    '/': () => { if (state.view === 'overview') go({ view: 'plans' }, true); byId('search').focus(); byId('search').select(); },
    j: () => step(1), k: () => step(-1), '?': () => byId('help').showModal(), t: () => byId('theme').click(),
    Enter: () => event.target === document.body && list.open(),
  }[event.key] ?? (/^[1-6]$/.test(event.key) ? () => document.querySelectorAll('[role=tab]')[event.key - 1].click() : null);
  if (!action) return;
  if (event.key !== 'Enter' || event.target === document.body) event.preventDefault();
  action();
}

function step(by) {
  if (state.view === 'overview') go({ view: 'plans' }, true);
  byId('list').focus();
  list.move(by);
  // While a row's details are open, they follow.
  const row = list.entries[list.at]?.row;
  if (state.plan && row && !matchMedia('(max-width: 900px)').matches) list.open();
}

// Escape closes one thing at a time: a menu, the details, the search.
function onEscape(event) {
  const menu = document.querySelector('.facet[open]');
  if (byId('help').open) return;
  if (menu) {
    menu.open = false;
    menu.querySelector('summary').focus();
  } else if (state.plan) closeRow();
  else if (event.target.id === 'search' && state.q) go({ q: '' });
  else if (event.target.id === 'search') byId('list').focus();
  else return;
  event.preventDefault();
}

function turnTab(event) {
  const tabs = [...document.querySelectorAll('[role=tab]')];
  const at = tabs.indexOf(event.target);
  const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[event.key];
  const tab = tabs[(next + tabs.length) % tabs.length];
  event.preventDefault();
  tab.click();
  tab.focus();
}

// Paper cannot be scrolled, so all rows that are chosen are laid out, with their differences; the calls are named and not written out, because most of
// them is known from the difference, and thirty plans fill a book otherwise. Beyond this many nobody reads paper, and the page says so.
const MOST_ON_PAPER = 500;

function drawPaper() {
  const views = state.view === 'overview' ? ['plans', 'waiting', 'exceptions', 'refused', 'fixes'] : [state.view];
  const titles = { plans: 'Findings', waiting: 'Waiting', exceptions: 'Exceptions', refused: 'Refused', fixes: 'Fixes' };
  const parts = state.view === 'overview' ? [] : [h('p', {}, byId('found').textContent)];
  for (const view of views) {
    const rows = state.view === 'overview' ? all[view] : rowsNow();
    if (rows.length === 0) continue;
    parts.push(h('h2', {}, titles[view]));
    // The plans are told once, in full; in the other lists their rows are enough.
    parts.push(...rows.slice(0, MOST_ON_PAPER).map((row) => (view === 'plans' || state.view !== 'overview' ? details(row) : drawRow(row))));
    if (rows.length > MOST_ON_PAPER) parts.push(h('p', {}, `And ${rows.length - MOST_ON_PAPER} more: filter the list, or take the CSV or JSON report, which have all.`));
  }
  byId('paper').replaceChildren(...parts);
  byId('paper').querySelectorAll('details').forEach((d) => { d.open = false; });
  byId('paper').querySelectorAll('#details-title').forEach((e) => e.removeAttribute('id'));
  document.querySelectorAll('#overview details').forEach((d) => { d.open = false; });
}
