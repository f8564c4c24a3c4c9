// A list of any length: only the rows that can be seen are in the document, so that ten thousand scroll like ten. All rows are of one height.

class List {
  constructor(element, onOpen, onToggle) {
    this.element = element;
    this.onOpen = onOpen;
    this.onToggle = onToggle;
    this.entries = [];
    this.at = -1; // the entry that the keyboard is on
    this.opened = '';
    this.inner = h('div', { class: 'inner', role: 'presentation' });
    element.append(this.inner);
    element.addEventListener('scroll', () => this.draw(), { passive: true });
    element.addEventListener('click', (e) => this.click(e));
    element.addEventListener('keydown', (e) => this.key(e));
    new ResizeObserver(() => this.draw()).observe(element);
  }

  show(entries, isGrouped) {
    this.entries = entries;
    this.element.setAttribute('role', isGrouped ? 'tree' : 'listbox');
    this.isTree = isGrouped;
    this.at = entries.findIndex((e) => e.row?.key === this.opened);
    this.element.scrollTop = 0;
    if (this.at >= 0) this.reveal();
    this.draw(true);
  }

  // The height is the style sheet's, because it depends on the width of the screen and the size of the letters.
  get rowHeight() {
    return parseFloat(getComputedStyle(this.element).getPropertyValue('--row'));
  }

  draw(all) {
    const height = this.rowHeight;
    const [from, to] = logic.visibleRange(this.element.scrollTop, this.element.clientHeight, height, this.entries.length, 6);
    if (!all && from === this.from && to === this.to && height === this.height) return;
    [this.from, this.to, this.height] = [from, to, height];
    this.inner.style.height = this.entries.length * height + 'px';
    this.inner.replaceChildren(...this.entries.slice(from, to).map((entry, i) => this.drawOne(entry, from + i, height)));
    this.point();
  }

  drawOne(entry, index, height) {
    const element = entry.row ? drawRow(entry.row) : drawHead(entry);
    element.id = 'row-' + index;
    element.dataset.index = index;
    element.style.top = index * height + 'px';
    element.setAttribute('role', this.isTree ? 'treeitem' : 'option');
    element.setAttribute('aria-posinset', entry.place);
    element.setAttribute('aria-setsize', entry.of);
    if (this.isTree) element.setAttribute('aria-level', entry.level);
    if (!entry.row) element.setAttribute('aria-expanded', entry.isOpen);
    element.setAttribute('aria-selected', Boolean(entry.row) && entry.row.key === this.opened);
    element.classList.toggle('at', index === this.at);
    return element;
  }

  // The element that the keyboard is on is told by name, and the list keeps the focus.
  point() {
    const isDrawn = this.at >= this.from && this.at < this.to;
    if (isDrawn) this.element.setAttribute('aria-activedescendant', 'row-' + this.at);
    else this.element.removeAttribute('aria-activedescendant');
  }

  reveal() {
    const top = this.at * this.rowHeight;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + this.rowHeight > scrollTop + clientHeight) this.element.scrollTop = top + this.rowHeight - clientHeight;
  }

  move(by) {
    if (this.entries.length === 0) return;
    this.at = Math.min(this.entries.length - 1, Math.max(0, this.at + by));
    this.reveal();
    this.draw(true);
  }

  open() {
    const entry = this.entries[this.at];
    if (!entry) return;
    if (!entry.row) this.onToggle(entry.name);
    else this.mark(entry.row.key), this.onOpen(entry.row);
  }

  mark(key) {
    this.opened = key;
    this.draw(true);
  }

  click(event) {
    const row = event.target.closest('[data-index]');
    if (!row) return;
    this.at = Number(row.dataset.index);
    this.open();
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.rowHeight) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const entry = this.entries[this.at];
    if (event.key in steps) this.move(steps[event.key]);
    else if (event.key === 'Enter' || event.key === ' ') this.open();
    else if (entry && !entry.row && ((event.key === 'ArrowRight' && !entry.isOpen) || (event.key === 'ArrowLeft' && entry.isOpen))) this.open();
    else return;
    event.preventDefault();
  }
}

function drawRow(row) {
  // Who has to do something stands where it is not cut.
  const who = [row.resource && ownerOf(row) && 'owner ' + ownerOf(row), row.item.requested_by && 'asked by ' + row.item.requested_by, row.item.by && 'by ' + row.item.by];
  const facts = [...who, row.account, row.region, row.resource && row.title].filter(Boolean);
  return h('div', { class: 'row ' + (row.severity || 'other') },
    h('div', { class: 'first' }, badge(row.severity), h('span', { class: 'name' }, row.resource || row.title), chip(row.outcome)),
    h('div', { class: 'second' }, h('span', { class: 'about' }, facts.join(' · ')), h('span', { class: 'age' }, ageOf(row))));
}

// Where nothing but what waits is known, nobody knows the owners: that is not said of each row.
function ownerOf(row) {
  return report.only && row.owner === 'unknown' ? '' : row.owner;
}

function ageOf(row) {
  const now = report.generated;
  switch (row.list) {
    case 'waiting': {
      const needed = row.item.needed ? row.item.given.filter((v) => v.says === 'approve').length + ' of ' + row.item.needed + ' approved' : '';
      return [needed, row.when && 'expires ' + logic.relative(row.when, now)].filter(Boolean).join(' · ');
    }
    case 'exceptions': return (row.item.ended ? 'ended ' : 'until ') + row.when.slice(0, 10) + ' (' + logic.relative(row.when, now) + ')';
    case 'fixes': return [row.age > 0 && 'took ' + logic.duration(row.age), row.when && logic.relative(row.when, now)].filter(Boolean).join(' · ');
    case 'refused': return [row.item.reason, row.when && logic.relative(row.when, now)].filter(Boolean).join(' · ');
  }
  return row.exposure > 0 ? (row.item.outcome === 'fixed' ? 'was open for ' : 'open for ') + logic.duration(row.exposure) : '';
}

function drawHead(entry) {
  const severe = logic.SEVERITIES.filter((s) => entry.severe[s] > 0).map((s) => h('span', { class: 'badge ' + s }, entry.severe[s] + ' ' + s));
  return h('div', { class: 'head' }, h('span', { class: 'turn', 'aria-hidden': 'true' }, entry.isOpen ? '▾' : '▸'),
    h('span', { class: 'name' }, entry.name || 'none'), h('span', { class: 'n' }, logic.count(entry.n, 'row', 'rows')), severe);
}
