package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// record is a line of an export, made here without the writer's code.
type record struct {
	Seq              int
	Time             time.Time
	Chain, Prev, Tag string
	Kind             string
	body, hash       string // of the stored entry
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func (r record) sealed() record {
	r.body = fmt.Sprintf(`{"actor":%q,"chain":%q,"kind":%q,"prev":%q,"seq":%d,"time":%q}`, r.Tag, r.Chain, r.Kind, r.Prev, r.Seq, r.Time.Format(time.RFC3339Nano))
	r.hash = fmt.Sprintf("%x", sha256.Sum256([]byte(r.body)))
	return r
}

// chain makes n entries after the given ones, and relinks all of them.
func chain(name string, n int) []record {
	var out []record
	for i := range n {
		out = append(out, record{Chain: name, Tag: fmt.Sprint("entry ", i), Kind: kinds[i%len(kinds)], Time: noon.Add(time.Duration(i/2) * time.Second)})
	}
	return relink(out, 0)
}

// relink seals the entries from the given index on anew, as a forger would who knows how it is done.
func relink(rs []record, from int) []record {
	rs = slices.Clone(rs)
	for i := from; i < len(rs); i++ {
		rs[i].Seq, rs[i].Prev = i+1, genesis
		if i > 0 {
			rs[i].Prev = rs[i-1].hash
		}
		rs[i] = rs[i].sealed()
	}
	return rs
}

func lines(rs []record) string {
	var b strings.Builder
	for _, r := range rs {
		fmt.Fprintln(&b, line(map[string]any{"body": r.body, "hash": r.hash}))
	}
	return b.String()
}

func line(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func headOf(r record) string { return headLine(r.Chain, r.Seq, r.hash) }

func headLine(chain string, seq int, hash string) string {
	return line(map[string]any{"head": map[string]any{"chain": chain, "seq": seq, "hash": hash}}) + "\n"
}

func export(rs []record) string { return lines(rs) + headOf(rs[len(rs)-1]) }

func check(t testing.TB, input string, o Options) Report {
	t.Helper()
	r, err := Read(strings.NewReader(input), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestIntact(t *testing.T) {
	t.Parallel()
	c := chain("111122223333", 12)
	for name, tc := range map[string]struct {
		input   string
		options Options
		entries int64
	}{
		"whole":              {export(c), Options{}, 12},
		"of the right chain": {export(c), Options{Chain: "111122223333"}, 12},
		"empty lines":        {"\n" + export(c) + "\n\n", Options{}, 12},
		"from a known entry": {lines(c[5:]) + headOf(c[11]), Options{After: &Point{5, c[4].hash}}, 7},
		"nothing new":        {headOf(c[11]), Options{After: &Point{12, c[11].hash}}, 0},
		"remembered":         {export(c), Options{Remembered: []Point{{3, c[2].hash}, {12, c[11].hash[:16]}, {0, strings.ToUpper(c[6].hash)}}}, 12},
		"a shorter one":      {export(c[:2]), Options{}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := check(t, tc.input, tc.options)
			last := c[min(int(r.Seq), len(c))-1]
			if !r.OK() || r.Entries != tc.entries || r.Chain != "111122223333" || r.Hash != last.hash {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	c := chain("111122223333", 6)
	edit := func(i int, f func(*record)) []record {
		rs := slices.Clone(c)
		f(&rs[i])
		rs[i] = rs[i].sealed()
		return rs
	}
	last := c[5]
	for name, tc := range map[string]struct {
		input   string
		options Options
		seq     int64
		want    string
	}{
		"edited body": {strings.Replace(export(c), "entry 2", "entry x", 1), Options{}, 3, "was changed"},
		"edited and hashed": {lines(edit(2, func(r *record) { r.Tag = "x" })) + headOf(last), Options{}, 4,
			"was written after an entry with hash"},
		"edited last and hashed": {lines(edit(5, func(r *record) { r.Tag = "x" })) + headOf(last), Options{}, 6, "the head is entry 6"},
		"deleted":                {lines(slices.Delete(slices.Clone(c), 2, 3)) + headOf(last), Options{}, 4, "1 are missing"},
		"first deleted":          {lines(c[1:]) + headOf(last), Options{}, 2, "1 are missing"},
		"reordered": {lines([]record{c[0], c[2], c[1], c[3], c[4], c[5]}) + headOf(last), Options{}, 2,
			"it was moved"},
		"inserted twice":     {lines(slices.Insert(slices.Clone(c), 2, c[1])) + headOf(last), Options{}, 2, "it was moved, added"},
		"cut off":            {lines(c[:4]) + headOf(last), Options{}, 6, "the last entry is 4"},
		"all cut off":        {headOf(last), Options{}, 6, "the last entry is 0"},
		"head turned back":   {lines(c) + headOf(c[3]), Options{}, 4, "the last entry is 6"},
		"head gone":          {lines(c), Options{}, 0, "no head"},
		"two heads":          {export(c) + headOf(last), Options{}, 6, "two heads"},
		"after the head":     {lines(c[:4]) + headOf(c[3]) + lines(c[4:]), Options{}, 5, "comes after the head"},
		"nothing":            {"", Options{}, 0, "no head"},
		"of another chain":   {export(c), Options{Chain: "999922223333"}, 1, `of chain "111122223333"`},
		"head of another":    {lines(c) + headLine("999922223333", 6, last.hash), Options{}, 6, "the head is of chain"},
		"one of another":     {lines(edit(3, func(r *record) { r.Chain = "x" })) + headOf(last), Options{}, 4, `of chain "x"`},
		"time goes back":     {export(relink(edit(4, func(r *record) { r.Time = noon.Add(-time.Hour) }), 4)), Options{}, 5, "before the entry that it follows"},
		"time is not in UTC": {export(relink(edit(4, func(r *record) { r.Time = noon.In(time.FixedZone("", 3600)) }), 4)), Options{}, 5, "not a time in UTC"},
		"unknown kind":       {export(relink(edit(1, func(r *record) { r.Kind = "party" }), 1)), Options{}, 2, `"party" is not known`},
		"no kind":            {export(relink(edit(1, func(r *record) { r.Kind = "" }), 1)), Options{}, 2, `no text "kind"`},
		"no chain":           {export(relink(edit(1, func(r *record) { r.Chain = "" }), 1)), Options{}, 2, `no text "chain"`},
		"all anew": {export(relink(edit(2, func(r *record) { r.Tag = "x" }), 2)), Options{Remembered: []Point{{6, last.hash[:16]}}}, 6,
			"seen elsewhere, is not in the chain"},
		"end cut off with the head": {export(c[:4]), Options{Remembered: []Point{{0, last.hash}}}, 0, "seen elsewhere"},
		"another branch":            {lines(c[3:]) + headOf(last), Options{After: &Point{3, c[1].hash}}, 4, "was written after"},
		"not JSON":                  {"nonsense\n" + export(c), Options{}, 0, "no record"},
		"a line of another form":    {`{"body":"x"}` + "\n" + export(c), Options{}, 0, "neither a record nor a head"},
		"a body that is not text":   {`{"body":1,"hash":"x"}` + "\n" + export(c), Options{}, 0, "not text"},
		"a row that is no entry":    {`{"row":"0000000000000000"}` + "\n" + export(c), Options{}, 0, `a row "0000000000000000", which is neither an entry nor its head`},
		"a head that is not one":    {lines(c) + `{"head":[]}`, Options{}, 0, "cannot be read"},
		"a key twice":               {lines(c) + strings.Replace(headOf(last), `"seq"`, `"seq":6,"seq"`, 1), Options{}, 0, `"seq" twice`},
		"a head without a number":   {lines(c) + headLine("111122223333", 0, last.hash), Options{}, 0, `no number "seq"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := check(t, tc.input, tc.options)
			if !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Seq == tc.seq && strings.Contains(f.Problem, tc.want) }) {
				t.Errorf("no finding for %d with %q in %+v", tc.seq, tc.want, r.Findings)
			}
		})
	}
}

// TestReportAsJSON: programs read it; the names are in the README, and what is a list is one when it is empty.
func TestReportAsJSON(t *testing.T) {
	t.Parallel()
	c := chain("111122223333", 1)
	want := `{"chain":"111122223333","entries":1,"seq":1,"hash":"` + c[0].hash + `","findings":[],"more":false}`
	if got := line(check(t, export(c), Options{})); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := line(Point{7, "ab"}); got != `{"seq":7,"hash":"ab"}` {
		t.Errorf("a point is %s", got)
	}
}

func TestReportIsBounded(t *testing.T) {
	t.Parallel()
	r := check(t, strings.Repeat("{}\n", 3*MaxFindings), Options{})
	if len(r.Findings) != MaxFindings || !r.More {
		t.Errorf("%d findings, more %v", len(r.Findings), r.More)
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	if _, err := Read(strings.NewReader(strings.Repeat("x", maxLine+1)), Options{}); err == nil {
		t.Error("an endless line was read")
	}
	for _, hash := range []string{"", "abc", strings.Repeat("a", 8), strings.Repeat("a", 15), strings.Repeat("g", 16), strings.Repeat("a", 65), strings.Repeat("a", 16) + " "} {
		if _, err := Read(strings.NewReader(""), Options{Remembered: []Point{{1, hash}}}); err == nil || !strings.Contains(err.Error(), "16 to 64") {
			t.Errorf("%q was taken for a hash: %v", hash, err)
		}
	}
}

// TestAnyMutationIsFound changes one thing in a valid chain; whoever changed it may know how entries are sealed, but could not change the head.
func TestAnyMutationIsFound(t *testing.T) {
	t.Parallel()
	mutations := map[string]func(*rapid.T, []record) []record{
		"flip a byte of a body": func(rt *rapid.T, rs []record) []record {
			i := rapid.IntRange(0, len(rs)-1).Draw(rt, "i")
			b := []byte(rs[i].body)
			b[rapid.IntRange(0, len(b)-1).Draw(rt, "at")] ^= byte(rapid.IntRange(1, 127).Draw(rt, "bits"))
			rs[i].body = string(b)
			return rs
		},
		"flip a digit of a hash": func(rt *rapid.T, rs []record) []record {
			i := rapid.IntRange(0, len(rs)-1).Draw(rt, "i")
			b := []byte(rs[i].hash)
			at := rapid.IntRange(0, len(b)-1).Draw(rt, "at")
			b[at] = "0123456789abcdef"[(strings.IndexByte("0123456789abcdef", b[at])+rapid.IntRange(1, 15).Draw(rt, "by"))%16]
			rs[i].hash = string(b)
			return rs
		},
		"delete": func(rt *rapid.T, rs []record) []record {
			i := rapid.IntRange(0, len(rs)-1).Draw(rt, "i")
			return slices.Delete(rs, i, i+1)
		},
		"truncate": func(rt *rapid.T, rs []record) []record { return rs[:rapid.IntRange(0, len(rs)-1).Draw(rt, "n")] },
		"swap": func(rt *rapid.T, rs []record) []record {
			i := rapid.IntRange(0, len(rs)-2).Draw(rt, "i")
			j := rapid.IntRange(i+1, len(rs)-1).Draw(rt, "j")
			rs[i], rs[j] = rs[j], rs[i]
			return rs
		},
		"insert a copy": func(rt *rapid.T, rs []record) []record {
			i, j := rapid.IntRange(0, len(rs)-1).Draw(rt, "i"), rapid.IntRange(0, len(rs)).Draw(rt, "j")
			return slices.Insert(rs, j, rs[i])
		},
		"insert a forged entry": func(rt *rapid.T, rs []record) []record {
			i := rapid.IntRange(0, len(rs)).Draw(rt, "i")
			forged := record{Chain: "a", Kind: "result", Tag: "forged", Time: noon}
			return relink(slices.Insert(rs, i, forged), i)
		},
		"rewrite from one entry on": func(rt *rapid.T, rs []record) []record {
			i := rapid.IntRange(0, len(rs)-1).Draw(rt, "i")
			rs[i].Tag = "forged"
			return relink(rs, i)
		},
		"take one from another chain": func(rt *rapid.T, rs []record) []record {
			i := rapid.IntRange(0, len(rs)-1).Draw(rt, "i")
			rs[i] = chain("b", len(rs))[i]
			return rs
		},
		"turn the clock back": func(rt *rapid.T, rs []record) []record {
			i := rapid.IntRange(1, len(rs)-1).Draw(rt, "i")
			rs[i].Time = noon.Add(-time.Duration(rapid.Int64Range(1, 1e12).Draw(rt, "ns")))
			return relink(rs, i)
		},
	}
	names := make([]string, 0, len(mutations))
	for name := range mutations {
		names = append(names, name)
	}
	slices.Sort(names)
	rapid.Check(t, func(rt *rapid.T) {
		before := chain("a", rapid.IntRange(2, 12).Draw(rt, "n"))
		head := headOf(before[len(before)-1])
		if r := check(t, lines(before)+head, Options{}); !r.OK() {
			rt.Fatalf("a valid chain: %+v", r.Findings)
		}
		name := rapid.SampledFrom(names).Draw(rt, "mutation")
		after := mutations[name](rt, slices.Clone(before))
		if r := check(t, lines(after)+head, Options{}); r.OK() {
			rt.Fatalf("not found: %s", name)
		}
		// With a head that fits, it takes a hash from elsewhere to find a chain that was consistently rewritten or cut off.
		if len(after) > 0 {
			seen := Options{Remembered: []Point{{Seq: int64(len(before)), Hash: before[len(before)-1].hash}}}
			same := slices.ContainsFunc(after, func(r record) bool { return r.hash == before[len(before)-1].hash && r.Seq == len(before) })
			if r := check(t, export(after), seen); r.OK() && !same {
				rt.Fatalf("not found with a remembered hash: %s", name)
			}
		}
	})
}

func FuzzVerify(f *testing.F) {
	c := chain("111122223333", 3)
	f.Add([]byte(export(c)))
	f.Add([]byte(export(c[:1])))
	f.Add([]byte(lines(c) + headOf(c[1])))
	f.Add([]byte(`{"head":{"chain":"x","seq":1,"hash":"y"}}`))
	f.Add([]byte(`{"body":"{\"seq\":1,\"Seq\":2}","hash":""}`))
	f.Fuzz(func(t *testing.T, input []byte) {
		r, err := Read(bytes.NewReader(input), Options{})
		if err != nil {
			return
		}
		if again, _ := Read(bytes.NewReader(input), Options{}); again.Entries != r.Entries || len(again.Findings) != len(r.Findings) {
			t.Fatal("two readings differ")
		}
		if !r.OK() {
			return
		}
		// An input without findings has a head as its last line and needs every one of its lines.
		all := slices.DeleteFunc(strings.Split(string(input), "\n"), func(s string) bool { return strings.TrimSpace(s) == "" })
		if int64(len(all)) != r.Entries+1 {
			t.Fatalf("%d lines and %d entries", len(all), r.Entries)
		}
		for i := range all {
			less := strings.Join(slices.Delete(slices.Clone(all), i, i+1), "\n")
			if r, err := Read(strings.NewReader(less), Options{}); err == nil && r.OK() {
				t.Fatalf("line %d is not needed", i)
			}
		}
	})
}
