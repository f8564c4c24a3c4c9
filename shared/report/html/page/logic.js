// What the page knows without looking at itself: pure functions from the report's data to what is shown. Nothing in this file touches the
// document, so that it is tested without a browser.
'use strict';

const logic = (() => {
  const SEVERITIES = ['critical', 'high', 'medium', 'low'];
  const FACETS = ['severity', 'outcome', 'account', 'region', 'service', 'control', 'owner', 'mode'];
  const LISTS = ['plans', 'waiting', 'exceptions', 'refused', 'fixes'];

  // Who or what did not want it.
  const REFUSALS = { rules: 'Refused', rejected: 'Rejected', expired: 'Expired', word: 'Word changed nothing' };

  // Why a person's word changed nothing, by the code on record.
  const CODES = {
    'four-eyes': 'said by who caused or asked for it', stranger: 'said by nobody of the list of people', 'not-permitted': 'said by somebody who may not decide this', late: 'said after it had expired',
    ended: 'said about what was decided already', moved: 'said about what had moved meanwhile', again: 'said twice by one person', 'other-hash': 'said about an older round', unknown: 'said about nothing that was asked',
    forged: 'came with a signature that is not Slack’s', oversized: 'too large for a word', malformed: 'not a word', nothing: 'could not be done',
  };

  function reasonOf(code) {
    return CODES[code] ?? (code || 'not known');
  }

  // A text that can only be meant as a plan's hash, or its beginning.
  function isHash(text) {
    return /^[0-9a-f]{8,64}$/.test(text);
  }

  // The row that a hash means, in the list that is looked at or else in the first that has one; nothing where it means several or none.
  function byHash(all, view, hash) {
    for (const name of [view, 'waiting', 'plans', 'fixes', 'refused']) {
      const found = (all[name] ?? []).filter((row) => (row.plan?.hash || row.item.hash || '').startsWith(hash));
      if (found.length === 1) return { view: name, key: found[0].key };
      if (found.length > 1) return null;
    }
    return null;
  }

  // Names are cleaned before they get here; the inputs of calls are shown as the JSON they are, so what cannot be seen in them is spelled out.
  function visible(text) {
    return text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f]/gu, (c) => {
      if (c === '\n') return c;
      const code = c.codePointAt(0).toString(16);
      return code.length > 4 ? '\\U' + code.padStart(8, '0') : '\\u' + code.padStart(4, '0');
    });
  }

  function prettyJSON(value) {
    return visible(JSON.stringify(value, null, 2) ?? '');
  }

  // A policy travels as text inside JSON, and nobody can read that. These are the fields of an input that hold such documents.
  function documents(input) {
    const out = [];
    for (const [name, value] of Object.entries(input ?? {})) {
      if (typeof value !== 'string' || !value.trimStart().startsWith('{')) continue;
      try {
        out.push([visible(name), prettyJSON(JSON.parse(value))]);
      } catch {
        // Text that merely begins with a brace.
      }
    }
    return out;
  }

  // At most two units, like every other place where shoreup speaks of time: "3 min 20 s", "4 d 6 h".
  function duration(seconds) {
    if (!Number.isFinite(seconds) || seconds < 0) return 'unknown';
    if (seconds < 1) return 'under 1 s';
    const parts = [];
    let left = Math.floor(seconds);
    for (const [name, size] of [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]]) {
      const n = Math.floor(left / size);
      left %= size;
      if (n > 0) parts.push(n + ' ' + name);
      if (parts.length === 2 || (n === 0 && parts.length === 1)) break;
    }
    return parts.join(' ');
  }

  function time(iso) {
    return iso ? iso.slice(0, 10) + ' ' + iso.slice(11, 16) + ' UTC' : '';
  }

  // How far a moment is from when the report was made: "in 9 d 4 h", "2 h ago". An old report must not seem to speak of today.
  function relative(iso, now) {
    if (!iso) return '';
    const seconds = (Date.parse(iso) - Date.parse(now)) / 1000;
    return seconds >= 0 ? 'in ' + duration(seconds) : duration(-seconds) + ' ago';
  }

  function number(n) {
    return n.toLocaleString('en');
  }

  function count(n, one, many) {
    return number(n) + ' ' + (n === 1 ? one : many);
  }

  function rankOf(severity) {
    const i = SEVERITIES.indexOf(severity);
    return i < 0 ? SEVERITIES.length : i;
  }

  // All lists become rows of one form, so that one list view searches, filters, groups and sorts them all.
  function rows(report) {
    const names = new Map(report.accounts.map((a) => [a.id, a.name ? a.name + ' (' + a.id + ')' : a.id]));
    const plans = new Map(report.plans.map((p) => [p.key, p]));
    const make = (list, item, more) => {
      const plan = list === 'plans' ? item : plans.get(item.plan);
      return {
        key: item.key, list, item, plan, severity: item.severity, rank: rankOf(item.severity), resource: item.resource, title: item.title,
        control: item.control, service: item.service, account: names.get(item.account) ?? item.account, region: item.region, owner: item.owner,
        outcome: plan ? plan.headline : '', mode: plan ? plan.decision.mode : '', exposure: plan ? plan.exposure_seconds : 0,
        age: plan ? plan.age_seconds : 0, when: '', ...more, text: '',
      };
    };
    return {
      plans: report.plans.map((p) => make('plans', p, { when: p.first_seen })),
      waiting: report.waiting.map((w) => make('waiting', w, { when: w.expires, outcome: 'Waits for approval' })),
      exceptions: report.exceptions.map((e) => make('exceptions', e, {
        severity: '', rank: 9, resource: e.resource || 'everything', title: e.reason, control: e.controls.join(', ') || 'all controls', service: '',
        account: names.get(e.account) ?? (e.account || 'all accounts'), outcome: e.ended ? 'Ended' : e.ends_soon ? 'Runs out soon' : 'Exempt', when: e.until,
      })),
      refused: report.refused.map((r) => make('refused', r, { when: r.when, outcome: REFUSALS[r.kind] ?? 'Refused' })),
      fixes: report.fixes.map((f) => make('fixes', f, { when: f.verified, outcome: f.headline, exposure: f.exposure_seconds, age: f.took_seconds })),
    };
  }

  // What the search looks at, made when a row is first searched: doing it for all rows at the start would delay the first view.
  function textOf(row) {
    if (!row.text) {
      const p = row.plan ?? {};
      const i = row.item;
      const wrong = (p.violations ?? []).map((v) => v.where + ' ' + v.reason).join(' ');
      row.text = [row.resource, i.arn, row.title, row.control, row.account, i.account, row.region, row.owner, row.outcome, row.severity, i.reason, p.reason, wrong,
        p.caused_by, p.cause?.actor, p.id, p.hash, p.decision?.rule, i.approver, i.plan_id, i.hash, i.about, i.by, i.verdict, (i.details ?? []).join(' '), i.requested_by, (i.for ?? []).join(' '), Object.entries(p.tags ?? {}).flat().join(' '),
      ].filter(Boolean).join('\n').toLowerCase();
    }
    return row.text;
  }

  // Every word must occur; every facet with a choice must have one of the chosen values.
  function filter(list, query, chosen, except) {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    const active = Object.entries(chosen).filter(([facet, values]) => facet !== except && values.length > 0).map(([facet, values]) => [facet, new Set(values)]);
    return list.filter((row) => active.every(([facet, values]) => values.has(row[facet])) && words.every((w) => textOf(row).includes(w)));
  }

  // The values of a facet with how many rows each would leave, given what is chosen elsewhere.
  function facet(list, name, query, chosen) {
    const counts = new Map(list.map((row) => [row[name], 0]));
    for (const row of filter(list, query, chosen, name)) counts.set(row[name], counts.get(row[name]) + 1);
    const out = [...counts].filter(([value]) => value !== '' && value !== undefined).map(([value, n]) => ({ value, n }));
    if (name === 'severity') return out.sort((a, b) => rankOf(a.value) - rankOf(b.value));
    return out.sort((a, b) => b.n - a.n || compare(a.value, b.value));
  }

  function compare(a, b) {
    return a < b ? -1 : a > b ? 1 : 0;
  }

  const SORTS = {
    severity: (a, b) => a.rank - b.rank,
    exposure: (a, b) => b.exposure - a.exposure,
    age: (a, b) => b.age - a.age,
    newest: (a, b) => compare(b.when ?? '', a.when ?? ''),
    resource: (a, b) => compare(a.resource, b.resource),
    owner: (a, b) => compare(a.owner, b.owner),
  };

  // Sorting is stable, and "urgency" is the order in which the report comes.
  function sort(list, by) {
    return SORTS[by] ? [...list].sort(SORTS[by]) : list;
  }

  // The entries of the list: rows, and before each group a head. Groups stand in the order of their worst row.
  function group(list, by, closed) {
    if (!by || by === 'none') return list.map((row, i) => ({ row, place: i + 1, of: list.length, level: 1 }));
    const groups = new Map();
    for (const row of list) {
      const name = String(row[by] ?? '');
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(row);
    }
    const out = [];
    let place = 0;
    for (const [name, members] of groups) {
      const isOpen = !closed.has(name);
      out.push({ name, n: members.length, severe: tally(members), isOpen, place: ++place, of: groups.size, level: 1 });
      if (isOpen) members.forEach((row, i) => out.push({ row, place: i + 1, of: members.length, level: 2 }));
    }
    return out;
  }

  function tally(list) {
    const out = { critical: 0, high: 0, medium: 0, low: 0 };
    for (const row of list) if (row.severity in out) out[row.severity]++;
    return out;
  }

  // Which rows of a list have to be in the document so that the visible part is filled.
  function visibleRange(top, height, rowHeight, n, spare) {
    const from = Math.max(0, Math.floor(top / rowHeight) - spare);
    return [Math.min(from, n), Math.min(n, Math.ceil((top + height) / rowHeight) + spare)];
  }

  // The address holds what is shown, so that a link shows the same to somebody else.
  function parseHash(hash) {
    const state = { view: 'overview', plan: '', q: '', group: 'none', sort: 'urgency', chosen: {} };
    const params = new URLSearchParams(hash.replace(/^#/, ''));
    for (const [k, v] of params) {
      if (FACETS.includes(k)) state.chosen[k] = [...(state.chosen[k] ?? []), v];
      else if (k === 'view' && [...LISTS, 'overview'].includes(v)) state.view = v;
      else if (['plan', 'q', 'group', 'sort'].includes(k)) state[k] = v;
    }
    if (state.plan && !params.has('view')) state.view = 'plans';
    return state;
  }

  function formatHash(state) {
    const params = new URLSearchParams();
    if (state.view !== 'overview') params.set('view', state.view);
    if (state.q) params.set('q', state.q);
    if (state.group !== 'none') params.set('group', state.group);
    if (state.sort !== 'urgency') params.set('sort', state.sort);
    for (const facet of FACETS) for (const v of state.chosen[facet] ?? []) params.append(facet, v);
    if (state.plan) params.set('plan', state.plan);
    return params.size ? '#' + params : '#';
  }

  return {
    SEVERITIES, FACETS, LISTS, reasonOf, isHash, byHash, visible, prettyJSON, documents, duration, time, relative, number, count, rows, textOf, filter, facet, sort, group, visibleRange, parseHash, formatHash,
  };
})();
