// Deciding from the page. It is there only where the page is served by something that takes decisions and says so; a file decides nothing. Who
// decides is found out by whoever takes the decision, never by this page.

const review = (() => {
  const meta = document.querySelector('meta[name="shoreup-review"]');
  return meta && meta.content ? { token: meta.content, endpoint: meta.dataset.endpoint } : null;
})();

const LONGEST_EXEMPTION = 90; // days; the other side refuses more

function reviewPart(row) {
  const question = row.list === 'waiting' ? row.item : report.waiting.find((w) => row.plan && w.plan === row.plan.key);
  if (!review || !question) return null;
  const about = { plan: row.plan?.id ?? '', hash: row.plan?.hash ?? '', occurrence: row.plan?.occurrence ?? '', approval: question.approval ?? '' };
  const answer = h('p', { class: 'answer', role: 'status' });
  const reason = h('input', { type: 'text', id: 'review-reason', maxlength: '500', autocomplete: 'off' });
  const date = h('input', { type: 'date', id: 'review-until', min: dayFrom(1), max: dayFrom(LONGEST_EXEMPTION) });
  const buttons = ['approve', 'reject', row.plan && 'exempt'].filter(Boolean).map((verdict) => h('button', { type: 'button', class: verdict, onclick: (e) => {
    const problem = missing(verdict, reason.value.trim(), date.value);
    if (problem) answer.textContent = problem;
    else if (armed(e.currentTarget)) decide(about, verdict, reason.value.trim(), date.value, answer, buttons);
  } }, verdict[0].toUpperCase() + verdict.slice(1)));
  return h('section', { class: 'review' }, h('h3', {}, 'Decide'),
    about.hash && h('p', {}, 'What you say counts for exactly the plan with hash ', h('code', {}, about.hash.slice(0, 12)), '.'),
    h('p', { class: 'fields' }, h('label', { for: 'review-reason' }, 'Reason'), reason, row.plan && [h('label', { for: 'review-until' }, 'Exempt until'), date]),
    h('p', { class: 'buttons' }, buttons), answer);
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
  button.dataset.armed = 'yes';
  const name = button.textContent;
  button.textContent = name + ': press again to confirm';
  setTimeout(() => { delete button.dataset.armed; button.textContent = name; }, 5000);
  return false;
}

async function decide(about, verdict, reason, until, answer, buttons) {
  buttons.forEach((b) => { b.disabled = true; });
  answer.textContent = 'Sending …';
  let done = false;
  try {
    const response = await fetch(review.endpoint, {
      method: 'POST', credentials: 'same-origin', redirect: 'error', headers: { 'Content-Type': 'application/json', 'X-Shoreup-Token': review.token },
      body: JSON.stringify({ verdict, ...about, reason, until: verdict === 'exempt' ? until : '' }),
    });
    const said = await response.json().catch(() => ({}));
    done = response.ok;
    answer.textContent = (done ? 'Recorded. ' : 'Not accepted: ') + (said.message ?? (done ? '' : 'status ' + response.status));
  } catch (err) {
    answer.textContent = 'Not sent: ' + err.message + '. Nothing was decided.';
  }
  buttons.forEach((b) => { b.disabled = done; });
}
