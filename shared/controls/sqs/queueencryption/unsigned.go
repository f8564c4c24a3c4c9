package queueencryption

import (
	"slices"

	"github.com/shoreup/shoreup/shared/iampolicy"
)

// signedOnly are the condition keys that only a signed request can meet. Those that say where a request comes from (aws:SourceIp, aws:SourceVpc,
// aws:SourceVpce) are met without a signature, too. Source: IAM user guide, "AWS global condition context keys".
var signedOnly = []string{
	"aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn", "aws:userid",
	"aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:sourceorgid", "aws:sourceorgpaths",
}

// unsigned says why a person has to look first: an encrypted queue refuses requests without a signature (SQS developer guide, "Encryption at rest in
// Amazon SQS"), and these statements of the policy let such requests in.
func unsigned(policy string) []string {
	if policy == "" {
		return nil
	}
	doc, err := iampolicy.Parse([]byte(policy))
	if err != nil {
		return []string{"the queue's policy cannot be read, so that nobody knows who sends to it: " + err.Error()}
	}
	var out []string
	for _, st := range doc.Statements {
		if st.Allow && wildcard(st) && !signed(st) {
			out = append(out, st.Name()+" lets requests in without a signature, which an encrypted queue refuses: ask who sends or receives so")
		}
	}
	return out
}

func wildcard(st iampolicy.Statement) bool {
	return st.NotPrincipals != nil || slices.ContainsFunc(st.Principals, func(p iampolicy.Principal) bool {
		return p.Type == iampolicy.Anyone || p.Type == iampolicy.AWS && p.ID == "*"
	})
}

// signed reports whether a condition holds for signed requests only.
func signed(st iampolicy.Statement) bool {
	return iampolicy.JudgePublic(st, iampolicy.SQS).Verdict == iampolicy.NotPublic && slices.ContainsFunc(st.Conditions, func(c iampolicy.Condition) bool {
		return slices.Contains(signedOnly, c.Key) && !c.IfExists && c.Quantifier != iampolicy.ForAllValues
	})
}
