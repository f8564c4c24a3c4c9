package iamapi

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/shoreup/shoreup/shared/iampolicy"
)

// wholePolicy in the place of a statement is all of a managed policy.
const wholePolicy = -1

// removals are what has to go for what is wrong, the first to be left out again where it need not: what does not give away IAM, then what takes more with it.
// So of two policies that make an administrator together the one goes that can make more of them, and a statement rather than a whole policy.
func removals(held []Held, over []Excess) []iampolicy.Ref {
	var out []iampolicy.Ref
	last := map[iampolicy.Ref]int{}
	for _, e := range over {
		for _, ref := range e.at {
			doc, err := iampolicy.Parse([]byte(held[ref.Document].Text))
			if err != nil {
				continue // what cannot be read has no findings
			}
			if held[ref.Document].ARN != "" {
				ref.Statement = wholePolicy
			} else {
				doc.Statements = doc.Statements[ref.Statement : ref.Statement+1]
			}
			out = append(out, ref)
			if GivesIAM(doc) {
				last[ref] = 1
			}
		}
	}
	slices.SortFunc(out, func(a, b iampolicy.Ref) int {
		return cmp.Or(cmp.Compare(last[a], last[b]), cmp.Compare(min(a.Statement, 0), min(b.Statement, 0)), cmp.Compare(a.Document, b.Document), cmp.Compare(a.Statement, b.Statement))
	})
	return slices.Compact(out)
}

// GivesIAM reports whether a document by itself makes its holder an administrator through actions of IAM.
func GivesIAM(doc iampolicy.Document) bool {
	return slices.ContainsFunc(iampolicy.JudgeIdentity(doc), func(f iampolicy.Finding) bool {
		return !f.Unsettled && (f.Rung == iampolicy.Admin || f.Rung == iampolicy.Escalation && slices.ContainsFunc(f.Actions, ofIAM))
	})
}

// Fewest leaves removals out again, the first ones first, as long as the others are enough. What it returns can do without none of them.
func Fewest[T any](removals []T, enough func([]T) bool) []T {
	for i := 0; i < len(removals); i++ {
		if rest := slices.Concat(removals[:i], removals[i+1:]); enough(rest) {
			removals, i = rest, -1 // from the start: a Deny that stays may make others needless
		}
	}
	return removals
}

// take says how removals are made, and what is held then; Advice is for what cannot be edited.
func (p Principal) take(held []Held, removals []iampolicy.Ref) Mended {
	var m Mended
	for i, h := range held {
		var statements []int
		for _, r := range removals {
			if r.Document == i {
				statements = append(statements, r.Statement)
			}
		}
		step, after, err := p.without(h, statements)
		if err != nil {
			m.Advice = append(m.Advice, fmt.Sprintf("mend %s by hand: %v", h, err))
		}
		if step != nil {
			m.Steps = append(m.Steps, *step)
		}
		if after != nil {
			m.After = append(m.After, *after)
		}
	}
	return m
}

// fresh is what is wrong for certain in what would be held after removals, beyond what we cannot mend and was as bad before: a policy that goes may hold the
// Deny that kept another one harmless.
func fresh(held []Held, excess []Excess, after []Held, rest []Excess) []Excess {
	return slices.DeleteFunc(certain(rest), func(e Excess) bool {
		return e.stuck && !slices.ContainsFunc(e.at, func(r iampolicy.Ref) bool {
			return !slices.ContainsFunc(excess, func(o Excess) bool {
				return !o.Unsettled && o.finding.Rung <= e.finding.Rung && slices.ContainsFunc(o.at, func(b iampolicy.Ref) bool { return held[b.Document].String() == after[r.Document].String() })
			})
		})
	})
}
