package iampolicy

import (
	"slices"
	"strings"
)

// class says how far a value, a condition or a principal pins the caller. Worse is higher, so the worst of several
// values is their maximum and the best of several conditions their minimum.
type class int

const (
	fixed     class = iota // no wildcard, no policy variable
	unsettled              // AWS does not say: report, never fix by itself
	open                   // does not say who
)

// shape is the form of a condition key's values, which decides what a wildcard in them still pins.
type shape byte

const (
	shapeID       shape = iota + 1 // account, organization, VPC ...: any wildcard opens it
	shapeARN                       // a fixed account with a wildcard elsewhere is unsettled
	shapeCIDR                      // aws:SourceIp
	shapeUserID                    // aws:userid: "AROA...:*" is unsettled
	shapeOrgPath                   // aws:PrincipalOrgPaths: "o-abc/*" is unsettled
	shapeAPARN                     // s3:DataAccessPointArn in a bucket policy: the name may be a wildcard
	shapeAPStrict                  // the same key in an access point policy: it may not
	shapeHint                      // a fixed value is unsettled, a wildcard opens
	shapeTrue                      // a boolean: "true" is unsettled
	shapeOrigin                    // s3:AccessPointNetworkOrigin: "VPC" is unsettled
	shapeOffice                    // aws:SourceIp in a trust policy: where from, not who, so unsettled at best
)

// stringOps compare text. Only the Like forms know wildcards; in the others * is a letter and matches nothing real.
var wildcardOps = []string{"stringlike", "arnlike", "arnequals"}
var exactOps = []string{"stringequals", "stringequalsignorecase"}

// oddOps are operators of another type: whether AWS compares these keys with them at all is not documented.
var oddOps = []string{"numericequals", "binaryequals", "bool", "ipaddress"}

// negatedOps are true for everybody but the values, and for a request that lacks the key.
var negatedOps = []string{"stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike", "notipaddress"}

// pinnedVariables name the organization or account of the resource itself. A value made of them is a variable in
// letter and fixed in meaning, so it is never better than unsettled.
var pinnedVariables = map[string]string{
	"${aws:resourceorgid}":    "o-0000000000",
	"${aws:resourceaccount}":  "000000000000",
	"${s3:resourceaccount}":   "000000000000",
	"${aws:resourceorgpaths}": "o-0000000000/r-0000/",
	"${*}":                    "x",
	"${?}":                    "x",
	"${$}":                    "x",
}

// mirrors are keys of the resource that say who is calling where their value is the same of the caller: each with that
// value, and the condition turned round.
var mirrors = map[string]struct{ value, key, turned string }{
	"aws:resourceorgid":   {"${aws:principalorgid}", "aws:principalorgid", "${aws:ResourceOrgID}"},
	"aws:resourceaccount": {"${aws:principalaccount}", "aws:principalaccount", "${aws:ResourceAccount}"},
	"s3:resourceaccount":  {"${aws:principalaccount}", "aws:principalaccount", "${aws:ResourceAccount}"},
}

// turned writes aws:ResourceOrgID = ${aws:PrincipalOrgID} as aws:PrincipalOrgID = ${aws:ResourceOrgID}: they mean the same.
// With another value beside it the condition may hold for everybody, so it stays as it is.
func (c Condition) turned() Condition {
	m, ok := mirrors[c.Key]
	if !ok || len(c.Values) == 0 || slices.ContainsFunc(c.Values, func(v string) bool { return !strings.EqualFold(v, m.value) }) {
		return c
	}
	c.Key, c.Values = m.key, []string{m.turned}
	return c
}

// conditionClass judges one condition of an Allow statement, given the keys that say who is calling.
func conditionClass(s Statement, c Condition, keys map[string]shape) class {
	c = c.turned()
	form, known := keys[c.Key]
	if !known {
		return open
	}
	worst := fixed
	if c.passesWithoutKey() {
		if !s.requiresKey(c.Key) {
			return open
		}
		worst = unsettled // with `Null: false` beside it the key cannot be missing; how S3 reads the pair is not documented
	}
	return max(worst, valuesClass(c.Operator, c.Values, form))
}

// valuesClass judges a positive operator's values: they are alternatives, so the worst counts.
func valuesClass(operator string, values []string, form shape) class {
	like := slices.Contains(wildcardOps, operator)
	odd := slices.Contains(oddOps, operator)
	if !like && !odd && !slices.Contains(exactOps, operator) {
		return open // negated, Null, ranges and dates
	}
	switch form {
	case shapeCIDR:
		return cidrClass(operator, values)
	case shapeOffice:
		return max(unsettled, cidrClass(operator, values))
	}
	worst := fixed
	if odd && form != shapeTrue || len(values) == 0 {
		worst = unsettled
	}
	for _, v := range values {
		worst = max(worst, valueClass(v, like, form))
	}
	return worst
}

func valueClass(value string, like bool, form shape) class {
	worst := fixed
	if hasVariable(value) {
		if value = substitute(value); hasVariable(value) {
			// Any other variable is somebody's choice, like a wildcard; at best an account stands fixed beside it.
			return max(unsettled, wildcardClass(starVariables(value), form))
		}
		worst = unsettled
	}
	switch {
	case form == shapeTrue:
		return pick(strings.EqualFold(value, "true"), unsettled, open)
	case form == shapeOrigin:
		return pick(strings.EqualFold(value, "vpc"), unsettled, open)
	case !hasWildcard(value):
		return max(worst, pick(form == shapeHint, unsettled, fixed))
	case !like:
		return unsettled
	}
	return max(worst, wildcardClass(value, form))
}

// wildcardClass judges a value with a wildcard by what stands outside it.
func wildcardClass(value string, form shape) class {
	switch form {
	case shapeARN:
		return pick(isAccountID(accountOf(value)) || namesBucket(value), unsettled, open)
	case shapeUserID:
		id, _, ok := strings.Cut(value, ":")
		return pick(ok && (isUniqueID(id) || isAccountID(id)), unsettled, open)
	case shapeOrgPath:
		org, _, ok := strings.Cut(value, "/")
		return pick(ok && strings.HasPrefix(org, "o-") && !hasWildcard(org), unsettled, open)
	case shapeAPARN:
		return accessPointClass(value)
	}
	return open
}

// accessPointClass: with account and Region fixed the name may be a wildcard (S3 user guide, "The meaning of public").
func accessPointClass(arn string) class {
	if !isAccountID(accountOf(arn)) {
		return open
	}
	parts := strings.SplitN(arn, ":", 6)
	name, isPoint := strings.CutPrefix(parts[5], "accesspoint")
	if isPoint && name != "" && (name[0] == '/' || name[0] == ':') && !hasWildcard(parts[1]+parts[2]+parts[3]) {
		return fixed
	}
	return unsettled
}

// namesBucket: S3's own old examples write a bucket as arn:aws:s3:*:*:name. Bucket names are global, so such a pattern is
// fixed in meaning and a wildcard in letter.
func namesBucket(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" || parts[2] != "s3" || strings.Trim(parts[3], "*") != "" || strings.Trim(parts[4], "*") != "" {
		return false
	}
	name, _, _ := strings.Cut(parts[5], "/")
	return name != "" && !hasWildcard(name) && !slices.Contains([]string{"accesspoint", "access-grants", "job", "storage-lens"}, name)
}

// starVariables writes each policy variable as a star.
func starVariables(value string) string {
	for {
		before, rest, found := strings.Cut(value, "${")
		if !found {
			return value
		}
		_, after, _ := strings.Cut(rest, "}")
		value = before + "*" + after
	}
}

func substitute(value string) string {
	for name, stand := range pinnedVariables {
		for {
			i := strings.Index(strings.ToLower(value), name)
			if i < 0 {
				break
			}
			value = value[:i] + stand + value[i+len(name):]
		}
	}
	return value
}

func pick(yes bool, a, b class) class {
	if yes {
		return a
	}
	return b
}
