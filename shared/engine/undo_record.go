package engine

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/audit/verify"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
)

// errNoResult says that nobody has recorded what came of a fix.
var errNoResult = fmt.Errorf("%w: the fix has no result yet", ErrCannotUndo)

// recordOf returns the intent and the result of a fix, after trust had no objection to their chain.
func (e *Engine) recordOf(ctx context.Context, chain string, seq int64, trust func(context.Context, string) error) (intent, result audit.Entry, err error) {
	entry, err := e.Log.Get(ctx, chain, seq)
	if err != nil {
		return intent, result, fmt.Errorf("reading record %s/%d: %w", chain, seq, err)
	}
	if err := trust(ctx, chain); err != nil {
		return intent, result, err
	}
	switch entry.Kind {
	case audit.Intent:
		intent = entry
		result, err = e.resultOf(ctx, chain, entry)
		return intent, result, err
	case audit.Result:
		if entry.Outcome == string(core.Undone) {
			return intent, result, fmt.Errorf("%w: record %s/%d is itself that of a fix being taken back; to have the fix again, plan and apply", ErrCannotUndo, chain, seq)
		}
		var res resultEntry
		if err := canon.Unmarshal(entry.Detail, &res); err != nil || res.Intent == 0 && res.Made == 0 {
			return intent, result, fmt.Errorf("%w: record %s/%d is the result of something that made no calls", ErrCannotUndo, chain, seq)
		}
		if res.Intent == 0 {
			intent, err = e.intentOf(ctx, entry)
			return intent, entry, err
		}
		intent, err = e.Log.Get(ctx, chain, res.Intent)
		return intent, entry, err
	}
	return intent, result, fmt.Errorf("%w: record %s/%d is a %s; name the intent or the result of a fix (shoreup audit list)", ErrCannotUndo, chain, seq, entry.Kind)
}

// intentOf finds the intent of a process that died before it could record the result: the last one of the same occurrence.
func (e *Engine) intentOf(ctx context.Context, result audit.Entry) (audit.Entry, error) {
	entries, err := e.Log.List(ctx, result.Chain, 0, 0) // the whole chain was read just now to verify it
	if err != nil {
		return audit.Entry{}, err
	}
	for _, entry := range slices.Backward(entries) {
		if entry.Seq < result.Seq && entry.Kind == audit.Intent && entry.Occurrence == result.Occurrence {
			return entry, nil
		}
	}
	return audit.Entry{}, fmt.Errorf("%w: record %s/%d has no intent", ErrCannotUndo, result.Chain, result.Seq)
}

// resultOf finds the result that belongs to an intent: the one that names it, or else, if whoever made the calls died, the one that was found out
// by reading.
func (e *Engine) resultOf(ctx context.Context, chain string, intent audit.Entry) (audit.Entry, error) {
	const page = 100
	again, ended := false, false
	for after := intent.Seq; ; after += page {
		entries, err := e.Log.List(ctx, chain, after, page)
		if err != nil {
			return audit.Entry{}, err
		}
		for _, entry := range entries {
			var res resultEntry
			same := entry.Occurrence == intent.Occurrence
			again = again || same && entry.Kind == audit.Intent
			ended = ended || same && !again && (entry.Kind == audit.Result || entry.Kind == audit.Refusal)
			if entry.Kind != audit.Result || canon.Unmarshal(entry.Detail, &res) != nil {
				continue
			}
			if res.Intent == intent.Seq || res.Intent == 0 && res.Made > 0 && same && !again {
				return entry, nil
			}
		}
		switch {
		case len(entries) == page:
		case ended:
			return audit.Entry{}, fmt.Errorf("%w: whoever carried out the fix died, and what was found afterwards was not what was planned", ErrCannotUndo)
		default:
			return audit.Entry{}, errNoResult
		}
	}
}

// verifyChain reads a whole chain and keeps none of it: it may be longer than a function has memory.
func (e *Engine) verifyChain(ctx context.Context, chain string) error {
	lines, written := io.Pipe()
	go func() {
		err := io.ErrUnexpectedEOF // whatever ends this, nobody waits for more
		defer func() { written.CloseWithError(err) }()
		if err = e.Log.Export(ctx, written, chain, 0); err != nil {
			err = fmt.Errorf("reading the audit chain of %s: %w", chain, err)
		}
	}()
	defer lines.Close()
	report, err := verify.Read(lines, verify.Options{Chain: chain})
	if err != nil {
		return fmt.Errorf("verifying the audit chain of %s: %w", chain, err)
	}
	if len(report.Findings) > 0 {
		return fmt.Errorf("%w: the audit chain of %s does not verify: %s", ErrCannotUndo, chain, report.Findings[0].Problem)
	}
	return nil
}

// planOf is the plan of an intent, and its control.
func (e *Engine) planOf(intent audit.Entry) (core.Plan, core.Control, error) {
	var in intentEntry
	if err := canon.Unmarshal(intent.Detail, &in); err != nil {
		return core.Plan{}, core.Control{}, fmt.Errorf("reading record %s/%d: %w", intent.Chain, intent.Seq, err)
	}
	plan, err := core.ParsePlan(in.Plan)
	if err != nil {
		return plan, core.Control{}, fmt.Errorf("reading record %s/%d: %w", intent.Chain, intent.Seq, err)
	}
	c, ok := e.Control(plan.Control)
	if !ok {
		return plan, c, fmt.Errorf("%w: control %s is not here", ErrCannotUndo, plan.Control)
	}
	return plan, c, nil
}
