package blueprint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Fits reports whether what is deployed is what the template says: a pattern of EventBridge, a policy or a part of one. Both are JSON, decoded. What the
// template leaves open ("${Parameter}") fits any text, and a [Choice] fits either way. The order of lists does not matter, and IAM lets one value stand for
// a list of one.
func Fits(want, have any) bool {
	if c, ok := want.(Choice); ok {
		return have == nil && mayBeLeftOut(c) || slices.ContainsFunc(c[:], func(w any) bool { return w != nil && Fits(w, have) })
	}
	switch w := want.(type) {
	case object:
		return Fits(map[string]any(w), have)
	case []any:
		return fitsList(w, list(have))
	case map[string]any:
		h, ok := have.(map[string]any)
		return ok && fitsObject(w, h)
	}
	if h, ok := have.([]any); ok {
		return len(h) == 1 && Fits(want, h[0])
	}
	w, isText := want.(string)
	h, hasText := have.(string)
	if isText && hasText {
		return fitsText(w, h)
	}
	return fmt.Sprint(want) == fmt.Sprint(have) // numbers and truth values, which IAM takes as text, too
}

func fitsObject(want, have map[string]any) bool {
	for k, w := range want {
		h, ok := have[k]
		if !ok && !mayBeLeftOut(w) || ok && !Fits(w, h) {
			return false
		}
	}
	for k := range have {
		if _, ok := want[k]; !ok {
			return false
		}
	}
	return true
}

// fitsList finds for each wanted element one that is there, and none may be left over.
func fitsList(want, have []any) bool {
	rest := slices.Clone(have)
	for _, w := range want {
		i := slices.IndexFunc(rest, func(h any) bool { return Fits(w, h) })
		switch {
		case i >= 0:
			rest = slices.Delete(rest, i, i+1)
		case !mayBeLeftOut(w):
			return false
		}
	}
	return len(rest) == 0
}

func mayBeLeftOut(v any) bool {
	c, ok := v.(Choice)
	return ok && slices.ContainsFunc(c[:], func(w any) bool { return w == nil || mayBeLeftOut(w) })
}

// fitsText matches a text that may have parts which are not known before something is deployed.
func fitsText(want, have string) bool {
	if !strings.Contains(want, "${") {
		return want == have
	}
	parts := placeholder.Split(want, -1)
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	ok, err := regexp.MatchString("^(?s:"+strings.Join(parts, ".*")+")$", have)
	return err == nil && ok
}

// list is a value as a list, as IAM understands it.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// Compare says which statements of the template are not among those that are deployed, and which are deployed and not in the template. Those that are there
// only under a condition may be missing.
func Compare(want []Statement, have []any) (missing []Statement, extra []any) {
	rest := slices.Clone(have)
	for _, w := range want {
		i := slices.IndexFunc(rest, func(h any) bool { return Fits(w.Exact, h) })
		switch {
		case i >= 0:
			rest = slices.Delete(rest, i, i+1)
		case w.Optional == "" && !mayBeLeftOut(w.Exact):
			missing = append(missing, w)
		}
	}
	return missing, rest
}
