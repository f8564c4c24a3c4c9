// The page as a whole: what is shown follows from the state, and the state is in the address.

const report = JSON.parse(byId('report').textContent);
const controls = new Map(report.controls.map((c) => [c.id, c]));
const plansByKey = new Map(report.plans.map((p) => [p.key, p]));
const all = logic.rows(report);
const rowsByKey = new Map(logic.LISTS.toReversed().flatMap((name) => all[name]).map((row) => [row.key, row]));

let state = opened(logic.parseHash(location.hash));
const closed = new Set(); // heads of groups that are folded
const list = new List(byId('list'), (row) => openRow(row.key), (name) => {
  if (!closed.delete(name)) closed.add(name);
  const top = list.element.scrollTop;
  const at = list.at;
  showList();
  list.at = at;
  list.element.scrollTop = top;
  list.draw(true);
});

// A link that says no more than a hash means the plan that has it.
function opened(next) {
  if (next.plan || !logic.isHash(next.q) || Object.keys(next.chosen).length) return next;
  const meant = logic.byHash(all, next.view, next.q);
  if (meant) return { ...next, view: meant.view, plan: meant.key };
  return next.view === 'overview' ? { ...next, view: report.only ? 'waiting' : 'plans' } : next;
}

// Why a list is empty.
function nothing() {
  if (logic.isHash(state.q)) {
    return report.only ? `Nothing with the hash ${state.q} waits here: it is decided, or another plan has taken its place. See shoreup pending --ended.`
      : `No plan of this report has the hash ${state.q}. It is newer than the report, which was made ${logic.time(report.generated)}, or was decided long ago: see shoreup review or shoreup pending.`;
  }
  return all[state.view].length ? 'Nothing fits. Take away a filter, or a word of the search.' : 'There is nothing here.';
}

function rowsNow() {
  return logic.sort(logic.filter(all[state.view], state.q, state.chosen), state.sort);
}

function showList() {
  const began = performance.now();
  const rows = rowsNow();
  const entries = logic.group(rows, state.group, closed);
  list.show(entries, state.group !== 'none');
  byId('empty').hidden = rows.length > 0;
  if (rows.length === 0) byId('empty').textContent = nothing();
  const total = all[state.view].length;
  byId('found').textContent = rows.length === total ? logic.count(total, 'row', 'rows') : `${rows.length.toLocaleString('en')} of ${total.toLocaleString('en')}`;
  byId('clear').hidden = !state.q && Object.keys(state.chosen).length === 0;
  performance.measure('filter', { start: began }); // for whoever asks the browser's tools why it is slow
}

function show() {
  for (const tab of document.querySelectorAll('[role=tab]')) {
    const isOn = tab.dataset.view === state.view;
    tab.setAttribute('aria-selected', isOn);
    tab.tabIndex = isOn ? 0 : -1;
    if (isOn) byId('view').setAttribute('aria-labelledby', tab.id);
  }
  const isOverview = state.view === 'overview';
  byId('overview').hidden = !isOverview;
  byId('lists').hidden = isOverview;
  byId('search').value = state.q;
  byId('group').value = state.group;
  byId('sort').value = state.sort;
  if (isOverview && !byId('overview').firstChild) byId('overview').append(overview());
  if (!isOverview) {
    list.opened = state.plan;
    drawFacets();
    showList();
  }
  showDetails();
}

function showDetails() {
  const row = state.view === 'overview' ? null : all[state.view].find((r) => r.key === state.plan) ?? rowsByKey.get(state.plan);
  byId('lists').classList.toggle('opened', Boolean(row));
  byId('details').replaceChildren(...(row ? [details(row)] : [h('p', { class: 'hint' }, 'Choose a row to see all about it. Press ? for the keys.')]));
  byId('details').scrollTop = 0;
}

// A change of the state goes into the address, from which the page is shown; typing does not fill the history.
function go(change, isNew) {
  state = { ...state, ...change };
  writeHash(isNew);
  show();
}

function writeHash(isNew) {
  try {
    history[isNew ? 'pushState' : 'replaceState'](null, '', logic.formatHash(state));
  } catch {
    // Some browsers allow so many changes of the address in a time; the page works without.
  }
}

function openRow(key) {
  state.plan = key;
  writeHash(true);
  showDetails();
  if (matchMedia('(max-width: 900px)').matches) byId('details-title')?.focus();
}

function closeRow() {
  state.plan = '';
  list.mark('');
  writeHash(true);
  showDetails();
  byId('list').focus();
}

function drawFacets() {
  // A facet that has nothing to choose from in this list is left out.
  const useful = logic.FACETS.filter((name) => all[state.view].some((row) => (name === 'owner' ? ownerOf(row) : row[name])));
  byId('facets').replaceChildren(...useful.map((name) => {
    const chosen = state.chosen[name] ?? [];
    const menu = h('div', { class: 'menu' });
    const box = h('details', { class: 'facet' + (chosen.length ? ' on' : ''), 'data-facet': name },
      h('summary', {}, name === 'region' ? 'Region' : name, chosen.length > 0 && h('span', { class: 'n' }, chosen.length)), menu);
    // The counts are made when somebody looks: for all facets at each letter that is typed they would be felt.
    box.addEventListener('toggle', () => {
      if (!box.open) return;
      document.querySelectorAll('.facet[open]').forEach((other) => { if (other !== box) other.open = false; });
      drawMenu(name, menu);
    });
    return box;
  }));
}

function drawMenu(name, menu) {
  const values = logic.facet(all[state.view], name, state.q, state.chosen);
  menu.replaceChildren(...values.slice(0, 300).map(({ value, n }) => {
    const box = h('input', { type: 'checkbox', checked: (state.chosen[name] ?? []).includes(value), onchange: () => choose(name, value, box.checked) });
    return h('label', {}, box, h('span', { class: 'name' }, value), h('span', { class: 'n' }, n.toLocaleString('en')));
  }), values.length === 0 ? h('p', {}, 'nothing to choose') : '');
}

function choose(name, value, isOn) {
  const values = (state.chosen[name] ?? []).filter((v) => v !== value);
  if (isOn) values.push(value);
  const chosen = { ...state.chosen, [name]: values };
  if (values.length === 0) delete chosen[name];
  state.chosen = chosen;
  writeHash();
  showList();
  const box = document.querySelector(`[data-facet=${name}]`);
  box.classList.toggle('on', values.length > 0);
  box.querySelector('summary .n')?.remove();
  if (values.length) box.querySelector('summary').append(h('span', { class: 'n' }, values.length));
  announce(byId('found').textContent);
}

function drawTabs() {
  const names = report.only ? { overview: 'Overview', waiting: 'Waiting', refused: 'Can be asked again' }
    : { overview: 'Overview', plans: 'Findings', waiting: 'Waiting', exceptions: 'Exceptions', refused: 'Refused', fixes: 'Fixes' };
  byId('tabs').append(...Object.entries(names).map(([view, name]) => h('button', {
    type: 'button', role: 'tab', id: 'tab-' + view, 'data-view': view, 'aria-controls': 'view', onclick: () => go({ view, plan: '', chosen: {}, q: '' }, true),
  }, name, view !== 'overview' && h('span', { class: 'n' }, all[view].length.toLocaleString('en')))));
}

// Stored choices of a page that was opened from a file may be refused.
function theme(next) {
  if (next) document.documentElement.dataset.theme = next;
  try {
    if (next) localStorage.setItem('shoreup-theme', next);
    else document.documentElement.dataset.theme = localStorage.getItem('shoreup-theme') ?? '';
  } catch {
    // Then the choice lasts as long as the page.
  }
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

function start() {
  theme();
  drawTabs();
  document.title = 'shoreup report ' + report.generated.slice(0, 10);
  byId('made').textContent = `${logic.time(report.generated)} · ${logic.count(report.accounts.length, 'account', 'accounts')} · ${logic.count(report.regions.length, 'Region', 'Regions')} · rules ${report.rules.version || 'none'}${review?.you ? ' · you decide as ' + review.you : ''}`;
  byId('search').addEventListener('input', (e) => { state.q = e.target.value; writeHash(); showList(); });
  byId('group').addEventListener('change', (e) => { state.group = e.target.value; closed.clear(); writeHash(); showList(); });
  byId('sort').addEventListener('change', (e) => { state.sort = e.target.value; writeHash(); showList(); });
  byId('clear').addEventListener('click', () => go({ q: '', chosen: {} }));
  byId('back').addEventListener('click', closeRow);
  // The address is the state's, so the link to the content only moves the focus.
  document.querySelector('.skip').addEventListener('click', (e) => { e.preventDefault(); byId('view').focus(); });
  byId('theme').addEventListener('click', () => theme(isDark() ? 'light' : 'dark'));
  byId('help-button').addEventListener('click', () => byId('help').showModal());
  byId('print').addEventListener('click', () => print());
  // Following a link in the page and going back both come this way.
  window.addEventListener('popstate', () => { state = opened(logic.parseHash(location.hash)); show(); });
  document.addEventListener('click', (e) => document.querySelectorAll('.facet[open]').forEach((f) => { if (!f.contains(e.target)) f.open = false; }));
  document.addEventListener('keydown', onKey);
  window.addEventListener('beforeprint', drawPaper);
  window.addEventListener('afterprint', () => byId('paper').replaceChildren());
  show();
  document.documentElement.classList.add('ready');
}

start();
