// Deciding from the page. It is there only where the page is served by something that takes decisions and says so; a file decides nothing. Who
// decides is found out by whoever takes the decision, never by this page.

const review = (() => {
  const meta = document.querySelector('meta[name="shoreup-review"]');
  return meta && meta.content ? { token: meta.content, endpoint: meta.dataset.endpoint, you: meta.dataset.you } : null;
})();

const LONGEST_EXEMPTION = 90; // days; the other side refuses more

function reviewPart(row) {
  if (review && row.list === 'fixes' && row.item.undo_command && row.item.record?.seq) return undoAsk(row.item);
  const again = review && (row.item.ask_again || row.plan?.ask_again);
  if (again) return askAgain(again);
  const question = row.list === 'waiting' ? row.item : report.waiting.find((w) => row.plan && w.plan === row.plan.key);
  if (!review || !question) return null;
  const about = { plan: row.plan?.id ?? '', hash: (row.plan ? row.plan.hash : question.hash) ?? '', occurrence: row.plan?.occurrence ?? '', approval: question.approval ?? '' };
  const answer = h('p', { class: 'answer', role: 'status' });
  const reason = h('input', { type: 'text', id: 'review-reason', maxlength: '500', autocomplete: 'off' });
  const date = h('input', { type: 'date', id: 'review-until', min: dayFrom(1), max: dayFrom(LONGEST_EXEMPTION) });
  const buttons = ['approve', 'reject', row.plan && 'exempt'].filter(Boolean).map((verdict) => h('button', { type: 'button', class: verdict, onclick: (e) => {
    const problem = missing(verdict, reason.value.trim(), date.value);
    if (problem) answer.textContent = problem;
    else if (armed(e.currentTarget)) decide(about, verdict, reason.value.trim(), date.value, answer, buttons);
  } }, verdict[0].toUpperCase() + verdict.slice(1)));
  return h('section', { class: 'review' }, h('h3', {}, 'Decide'),
    asWhom('decide'),
    about.hash && h('p', {}, 'What you say counts for exactly what is shown here, with hash ', h('code', {}, about.hash.slice(0, 12)), '.'),
    h('p', { class: 'fields' }, h('label', { for: 'review-reason' }, 'Reason'), reason, row.plan && [h('label', { for: 'review-until' }, 'Exempt until'), date]),
    h('p', { class: 'buttons' }, buttons), answer);
}

// Who decides is whoever AWS says that the page's server signs as.
function asWhom(verb) {
  return review.you ? h('p', {}, `You ${verb} as `, h('code', {}, review.you), '.') : null;
}

// To take a fix back is asked for here and decided by others.
function undoAsk(fix) {
  return ask({ record: fix.record.chain + '/' + fix.record.seq }, 'undo', 'Take it back', 'Ask to take it back', 'The fix is taken back once others have agreed. Neither you nor whoever caused what was fixed can agree.');
}

// What was rejected or has expired is asked again here, and decided by others.
function askAgain(approval) {
  return ask({ approval }, 'ask', 'Ask again', 'Ask again', 'Those who may decide are asked once more about exactly this. Neither you nor whoever caused it can agree.');
}

function ask(about, verdict, title, label, text) {
  const answer = h('p', { class: 'answer', role: 'status' });
  const reason = h('input', { type: 'text', id: 'review-reason', maxlength: '500', autocomplete: 'off' });
  const button = h('button', { type: 'button', class: verdict, onclick: (e) => {
    if (!reason.value.trim()) answer.textContent = 'Give a reason first.';
    else if (armed(e.currentTarget)) decide(about, verdict, reason.value.trim(), '', answer, [button]);
  } }, label);
  return h('section', { class: 'review' }, h('h3', {}, title), asWhom('ask'), h('p', {}, text),
    h('p', { class: 'fields' }, h('label', { for: 'review-reason' }, 'Reason'), reason), h('p', { class: 'buttons' }, button), answer);
}

function dayFrom(days) {
  return new Date(Date.now() + days * 86400000).toISOString().slice(0, 10);
}

function missing(verdict, reason, until) {
  if (verdict !== 'approve' && !reason) return 'Give a reason first.';
  if (verdict === 'exempt' && !until) return `Say until when, at most ${LONGEST_EXEMPTION} days from now.`;
  return '';
}

// The first press asks, the second means it.
function armed(button) {
  if (button.dataset.armed) return true;
  button.dataset.armed = button.textContent;
  button.textContent += ': press again to confirm';
  setTimeout(() => disarm(button), 5000);
  return false;
}

function disarm(button) {
  if (button.dataset.armed) button.textContent = button.dataset.armed;
  delete button.dataset.armed;
}

async function decide(about, verdict, reason, until, answer, buttons) {
  buttons.forEach((b) => { disarm(b); b.disabled = true; });
  answer.textContent = 'Sending …';
  let done = false;
  try {
    const response = await fetch(review.endpoint, {
      method: 'POST', credentials: 'same-origin', redirect: 'error', headers: { 'Content-Type': 'application/json', 'X-Shoreup-Token': review.token },
      body: JSON.stringify({ verdict, ...about, reason, until: verdict === 'exempt' ? until : '' }),
    });
    const said = await response.json().catch(() => ({}));
    done = response.ok;
    const message = (said.message ?? 'status ' + response.status).replace(/^refused: /, '');
    answer.textContent = (done ? 'Recorded: ' : 'Not accepted: ') + message + '.';
    if (done) answer.append(' ', h('button', { type: 'button', class: 'again', onclick: () => location.reload() }, 'Load the page again'));
  } catch (err) {
    answer.textContent = 'Not sent: ' + err.message + '. Nothing was decided.';
  }
  buttons.forEach((b) => { b.disabled = done; });
}
