package iampolicy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/shoreup/shoreup/shared/wildcard"
)

// attackers are callers from outside with what is known of their requests, in every combination. Nobody's bucket policy means them.
func attackers() []map[string]string {
	parts := [][2]string{
		{"aws:sourceip", "198.51.100.77"}, {"aws:sourcevpc", "vpc-0x"}, {"aws:sourcevpce", "vpce-0x"}, {"aws:principalaccount", "666666666666"},
		{"aws:principalarn", "arn:aws:iam::666666666666:role/x"}, {"aws:userid", "AROAXXXXXXXXXXXXXXXX1:x"}, {"aws:principalorgid", "o-xxxxxxxxxx"},
		{"aws:sourcearn", "arn:aws:sns:us-east-1:666666666666:x"}, {"aws:sourceaccount", "666666666666"}, {"aws:principaltag/team", "blue"},
	}
	var out []map[string]string
	for subset := range 1 << len(parts) {
		who := map[string]string{"aws:securetransport": "true"}
		for i, part := range parts {
			if subset>>i&1 == 1 {
				who[part[0]] = part[1]
			}
		}
		out = append(out, who)
	}
	return out
}

// values are what conditions ask for, by key: own values first, then patterns that also fit others.
var values = map[string][]string{
	"aws:principalorgid": {"o-aaaaaaaaaa", "o-*", "*"}, "aws:principalaccount": {"111122223333", "*"}, "aws:principalarn": {"arn:aws:iam::111122223333:role/app", "arn:aws:iam::*:role/*", "*"},
	"aws:sourcevpc": {"vpc-1", "vpc-*"}, "aws:sourcevpce": {"vpce-1", "vpce-?x", "*"}, "aws:sourceaccount": {"111122223333", "6*"},
	"aws:sourcearn": {"arn:aws:sns:us-east-1:111122223333:t", "arn:aws:sns:*:*:*"}, "aws:sourceip": {"203.0.113.0/24", "0.0.0.0/0", "128.0.0.0/1"},
	"aws:securetransport": {"true"}, "aws:principaltag/team": {"blue"}, "aws:userid": {"AIDAJQABLZS4A3QDU576Q", "*:x"},
}

func drawCondition(t *rapid.T) (operator, key, value string) {
	key = rapid.SampledFrom([]string{
		"aws:principalorgid", "aws:principalaccount", "aws:principalarn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceaccount", "aws:sourcearn", "aws:sourceip",
		"aws:securetransport", "aws:principaltag/team", "aws:userid",
	}).Draw(t, "key")
	operators := []string{"StringEquals", "StringLike", "StringNotEquals", "StringNotLike", "StringEqualsIgnoreCase"}
	switch key {
	case "aws:sourceip":
		operators = []string{"IpAddress", "NotIpAddress"}
	case "aws:securetransport", "aws:principaltag/team":
		return "StringLike", key, values[key][0] // says how, and everybody can do it so
	case "aws:sourcearn", "aws:principalarn":
		operators = []string{"ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"}
	}
	operator = rapid.SampledFrom([]string{"", "", "", "ForAnyValue:", "ForAllValues:"}).Draw(t, "set") + rapid.SampledFrom(operators).Draw(t, "operator") +
		rapid.SampledFrom([]string{"", "", "IfExists"}).Draw(t, "if")
	if strings.Contains(operator, "Not") {
		return operator, key, values[key][0] // "everybody but a pattern" is nobody where all ids have that form
	}
	return operator, key, rapid.SampledFrom(values[key]).Draw(t, "value")
}

func drawStatement(t *rapid.T, effect string) string {
	action := rapid.SampledFrom([]string{"s3:GetObject", "s3:*", "s3:Put*"}).Draw(t, "action")
	return drawResourceless(t, effect, action, `,"Resource":"arn:aws:s3:::b/*"`)
}

func drawResourceless(t *rapid.T, effect, action, rest string) string {
	principal := rapid.SampledFrom([]string{`"Principal":"*"`, `"Principal":{"AWS":"*"}`, `"Principal":{"AWS":"111122223333"}`, `"NotPrincipal":{"AWS":"111122223333"}`}).Draw(t, "principal")
	conditions := map[string]string{}
	for range rapid.IntRange(0, 3).Draw(t, "conditions") {
		operator, key, value := drawCondition(t)
		conditions[operator] = `{"` + key + `":"` + value + `"}`
	}
	var parts []string
	for operator, test := range conditions {
		parts = append(parts, `"`+operator+`":`+test)
	}
	slices.Sort(parts)
	return fmt.Sprintf(`{"Effect":%q,%s,"Action":%q,"Condition":{%s}%s}`, effect, principal, action, strings.Join(parts, ","), rest)
}

// TestNoAttackIsMissed lets attackers try policies, by an evaluation that shares nothing with the judge: who gets in without being meant makes the policy
// public, or at least unsettled; and what is called public lets one of them in.
func TestNoAttackIsMissed(t *testing.T) {
	t.Parallel()
	all := attackers()
	rapid.Check(t, func(t *rapid.T) {
		var statements []string
		for range rapid.IntRange(1, 2).Draw(t, "allows") {
			statements = append(statements, drawStatement(t, "Allow"))
		}
		denies := rapid.IntRange(0, 2).Draw(t, "denies")
		for range denies {
			statements = append(statements, drawStatement(t, "Deny"))
		}
		text := `{"Statement":[` + strings.Join(statements, ",") + `]}`
		d, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		worst := NotPublic
		for _, e := range PublicStatements(d, S3Bucket) {
			worst = max(worst, e.Verdict)
		}
		i := slices.IndexFunc(all, func(who map[string]string) bool {
			return evaluate(d, who, "s3:GetObject") || evaluate(d, who, "s3:PutObject")
		})
		switch {
		case worst == NotPublic && i >= 0:
			t.Fatalf("%s is called not public, and lets in %v", text, all[i])
		case worst == Public && i < 0 && denies == 0: // how several Denies add up is not the judge's to say
			t.Fatalf("%s is called public, and lets nobody in", text)
		}
	})
}

// TestNoTakerIsMissed is the same for trust policies: who may take the role without being meant.
func TestNoTakerIsMissed(t *testing.T) {
	t.Parallel()
	all := slices.DeleteFunc(attackers(), func(who map[string]string) bool {
		return who["aws:principalaccount"] == "" || who["aws:principalarn"] == ""
	}) // nobody takes a role anonymously
	rapid.Check(t, func(t *rapid.T) {
		var statements []string
		for range rapid.IntRange(1, 2).Draw(t, "allows") {
			statements = append(statements, drawResourceless(t, "Allow", rapid.SampledFrom([]string{"sts:AssumeRole", "sts:*", "sts:TagSession"}).Draw(t, "action"), ""))
		}
		denies := rapid.IntRange(0, 1).Draw(t, "denies")
		for range denies {
			statements = append(statements, drawResourceless(t, "Deny", "sts:*", ""))
		}
		text := `{"Statement":[` + strings.Join(statements, ",") + `]}`
		d, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		found := JudgeTrust(d, "111122223333")
		open := slices.ContainsFunc(found, func(f TrustFinding) bool { return f.Kind == Open })
		certain := slices.ContainsFunc(found, func(f TrustFinding) bool { return f.Kind == Open && !f.Unsettled })
		i := slices.IndexFunc(all, func(who map[string]string) bool { return evaluate(d, who, "sts:AssumeRole") })
		switch {
		case !open && i >= 0:
			t.Fatalf("%s is called closed, and lets in %v", text, all[i])
		case certain && i < 0 && denies == 0:
			t.Fatalf("%s is called open, and lets nobody in", text)
		}
	})
}

// evaluate is IAM's logic for one request by somebody without rights of its own: an explicit Deny, then an Allow.
func evaluate(d Document, who map[string]string, action string) bool {
	allowed := false
	for _, s := range d.Statements {
		named := slices.ContainsFunc(s.Principals, func(p Principal) bool { return p.ID == "*" }) || s.NotPrincipals != nil
		if !named || !slices.ContainsFunc(s.Actions, func(a string) bool { return wildcard.Match(a, action) }) || slices.ContainsFunc(s.Conditions, func(c Condition) bool { return !holds(c, who) }) {
			continue
		}
		if !s.Allow {
			return false
		}
		allowed = true
	}
	return allowed
}

// holds evaluates a condition of one value.
func holds(c Condition, who map[string]string) bool {
	have, there := who[c.Key]
	positive := strings.Replace(c.Operator, "not", "", 1)
	negated := positive != c.Operator
	if !there {
		return c.IfExists || c.Quantifier == ForAllValues || negated && c.Quantifier == NoQuantifier
	}
	hit := false
	switch want := c.Values[0]; positive {
	case "stringequals":
		hit = have == want
	case "stringequalsignorecase":
		hit = strings.EqualFold(have, want)
	case "ipaddress":
		hit = netip.MustParsePrefix(want).Contains(netip.MustParseAddr(have))
	default:
		hit = wildcard.Match(want, have)
	}
	return hit != negated
}
