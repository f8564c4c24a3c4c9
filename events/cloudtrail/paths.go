package wirecloudtrail

import (
	"maps"
	"slices"
	"strings"
)

// found is one id in an event: as it stood there, and as the resource's identifier.
type found struct {
	raw, id string
}

// place is where an event happened; normalizers may need it.
type place struct {
	account, region, partition string
}

// find gives the ids of one path entry: those of the first path that leads to any.
func (p IDPath) find(rec record, at place) []found {
	for _, path := range p.Paths {
		if path == AccountPath {
			return []found{{at.account, at.account}}
		}
		var out []found
		for _, raw := range rec.strings(path) {
			if id := normalize(p, raw, at); id != "" && strings.HasPrefix(id, p.Prefix) {
				out = append(out, found{raw, id})
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// tagKeys gives the keys of the tags that the call sets, each once, one a line.
func (p IDPath) tagKeys(rec record) string {
	var keys []string
	for _, path := range p.TagKeys {
		for _, k := range rec.strings(path) {
			if !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	return strings.Join(keys, "\n")
}

// record is the CloudTrail record as it was sent. Its shape differs by service and by age of the operation, so nothing is assumed about any part.
type record map[string]any

// strings gives all non-empty strings at a dotted path, looking into lists on the way and at the end.
func (r record) strings(path string) []string {
	values := []any{map[string]any(r)}
	for _, step := range strings.Split(path, ".") {
		name, members := strings.CutSuffix(strings.TrimSuffix(step, "[]"), "{}")
		var next []any
		for _, v := range flatten(values) {
			if m, ok := v.(map[string]any); ok {
				if child, ok := m[name]; ok {
					next = append(next, child)
				}
			}
		}
		values = next
		if members {
			values = names(next)
		}
	}
	var out []string
	for _, v := range flatten(values) {
		if s, ok := v.(string); ok && s != "" {
			out = append(out, s)
		}
	}
	return out
}

// string is the first string at a path, "" if there is none.
func (r record) string(path string) string {
	if all := r.strings(path); len(all) > 0 {
		return all[0]
	}
	return ""
}

// isTrue tells whether a member is true or "true"; CloudTrail has both.
func (r record) isTrue(name string) bool { return r[name] == true || r[name] == "true" }

// flatten replaces lists by their elements, however deep; the decoder bounds the depth.
func flatten(values []any) []any {
	nested := false
	for _, v := range values {
		if _, ok := v.([]any); ok {
			nested = true
			break
		}
	}
	if !nested {
		return values
	}
	var out []any
	for _, v := range values {
		if list, ok := v.([]any); ok {
			out = append(out, flatten(list)...)
		} else {
			out = append(out, v)
		}
	}
	return out
}

// names gives the names of the members of all objects among the values, sorted.
func names(values []any) []any {
	var out []any
	for _, v := range flatten(values) {
		if m, ok := v.(map[string]any); ok {
			for _, name := range slices.Sorted(maps.Keys(m)) {
				out = append(out, name)
			}
		}
	}
	return out
}
