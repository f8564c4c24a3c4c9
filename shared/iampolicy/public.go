package iampolicy

import (
	"slices"
	"strings"
)

// Verdict says whether a statement of a resource policy is open to the public.
type Verdict int

// The verdicts. Unsettled: AWS does not settle it; report, never fix without a person.
const (
	NotPublic Verdict = iota
	Unsettled
	Public
)

// String names the verdict.
func (v Verdict) String() string {
	return [...]string{NotPublic: "not public", Unsettled: "unsettled", Public: "public"}[v]
}

// Exposure is the judgement of one statement.
type Exposure struct {
	Statement int
	Verdict   Verdict
	Reason    string // one sentence that names the principal or condition; "" for NotPublic
}

// JudgePublic judges one statement alone. A Deny elsewhere in the document may narrow it: see PublicStatements.
//
// The rule is the one S3 documents and AWS Config quotes for SNS and Lambda: an Allow is public unless it grants only to
// fixed values, that is to principals or caller keys (see callerKeys) without wildcard and without policy variable.
// Principals are alternatives, so one open principal opens all; conditions must all hold, so one fixed key closes all.
func JudgePublic(s Statement, kind Kind) Exposure {
	e := Exposure{Statement: s.Index}
	if !s.Allow {
		return e
	}
	who, worst := openPrincipal(s, kind)
	if worst == fixed {
		return judgeS3Invoker(s, kind, e)
	}
	narrowed, by := conditionsClass(s, callerKeys(kind))
	switch result := pick(narrowed == open, worst, narrowed); result {
	case open:
		e.Verdict, e.Reason = Public, "anyone: "+who+whyOpen(s, kind)
	case unsettled:
		e.Verdict, e.Reason = Unsettled, strings.TrimSpace(who+" "+by)+": AWS does not settle whether this is public"
	case fixed:
		return judgeS3Invoker(s, kind, e)
	}
	return e
}

// PublicStatements judges every statement and leaves out those that are not public. A public statement that Deny
// statements of the same document narrow to fixed callers is Unsettled: effective access is limited, yet what the
// services' own public check says of it is not documented.
func PublicStatements(d Document, kind Kind) []Exposure {
	var out []Exposure
	for _, s := range d.Statements {
		e := JudgePublic(s, kind)
		if e.Verdict == Public {
			if by, ok := narrowedBy(d, s, kind); ok {
				e.Verdict = Unsettled
				e.Reason += "; narrowed only by the Deny of " + by
			}
		}
		if e.Verdict != NotPublic {
			out = append(out, e)
		}
	}
	return out
}

// openPrincipal gives the worst principal of a statement and how far it is from being fixed.
func openPrincipal(s Statement, kind Kind) (string, class) {
	switch {
	case s.NotPrincipals != nil:
		return "NotPrincipal grants to everybody else", open
	case len(s.Principals) == 0:
		// Lambda counts an empty principal as public (AWS Config, lambda-function-public-access-prohibited); elsewhere
		// such a statement cannot be stored.
		return "no Principal", pick(kind == Lambda, open, unsettled)
	}
	who, worst := "", fixed
	for _, p := range s.Principals {
		if c := principalClass(p, kind); who == "" || c > worst {
			who, worst = "Principal "+p.String(), c
		}
	}
	return who, worst
}

func principalClass(p Principal, kind Kind) class {
	switch {
	case p.ID == "":
		return pick(kind == Lambda, open, unsettled)
	case p.Type == AWS:
		return valueClass(p.ID, true, shapeARN)
	}
	return valueClass(p.ID, true, shapeID)
}

// conditionsClass gives the best of a statement's conditions, and names it.
func conditionsClass(s Statement, keys map[string]shape) (class, string) {
	best, by := open, ""
	for _, c := range s.Conditions {
		if got := conditionClass(s, c, keys); got < best {
			best, by = got, "narrowed by "+c.String()
		}
	}
	return best, by
}

// whyOpen adds what a reader would take for a protection, or the missing condition.
func whyOpen(s Statement, kind Kind) string {
	keys := callerKeys(kind)
	for _, c := range s.Conditions {
		if kind == Lambda && c.Key == "lambda:functionurlauthtype" && slices.Contains(c.Values, "NONE") {
			return " through the function URL (auth type NONE)"
		}
	}
	for _, c := range s.Conditions {
		if _, known := keys[c.Key]; known {
			return ", and " + c.String() + " does not fix the caller"
		}
	}
	return " without a condition that fixes the caller"
}

// judgeS3Invoker: bucket names are global and their ARNs carry no account, so a Lambda permission for S3 is open to
// every bucket owner unless it names the account (AWS Config, lambda-function-public-access-prohibited).
func judgeS3Invoker(s Statement, kind Kind, e Exposure) Exposure {
	isS3 := func(p Principal) bool {
		return p.Type == Service && strings.TrimSuffix(strings.ToLower(p.ID), ".cn") == "s3.amazonaws.com"
	}
	if kind != Lambda || !slices.ContainsFunc(s.Principals, isS3) {
		return e
	}
	switch got, by := conditionsClass(s, map[string]shape{"aws:sourceaccount": shapeID, "aws:sourceorgid": shapeHint}); got {
	case open:
		e.Verdict, e.Reason = Public, "anyone's bucket: Principal "+Principal{Service, "s3.amazonaws.com"}.String()+" without a fixed AWS:SourceAccount"
	case unsettled:
		e.Verdict, e.Reason = Unsettled, "S3 invokes the function "+by+": AWS does not settle whether this is public"
	}
	return e
}
