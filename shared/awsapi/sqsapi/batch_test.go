package sqsapi_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi/sqsapi"
)

// sent reads the entries of a request, id to body.
func sent(t *testing.T, request string) map[string]string {
	t.Helper()
	_, raw, _ := strings.Cut(request, " ")
	var in struct {
		Entries []struct{ Id, MessageBody string }
	}
	if err := json.Unmarshal([]byte(raw), &in); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range in.Entries {
		out[e.Id] = e.MessageBody
	}
	return out
}

func bodies(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprint("m", i))
	}
	return out
}

func TestSendAll(t *testing.T) {
	t.Parallel()
	fail := func(id, code string, fault bool) string {
		return fmt.Sprintf(`{"Failed":[{"Id":%q,"Code":%q,"SenderFault":%v}]}`, id, code, fault)
	}
	const busy = `{"__type":"com.amazonaws.sqs#RequestThrottled","message":"slow down"}`
	for name, tc := range map[string]struct {
		bodies   []string
		answers  []string // in turn; {} afterwards
		requests []int    // messages in each
		err      string
	}{
		"none":                 {nil, nil, nil, ""},
		"one":                  {bodies(1), nil, []int{1}, ""},
		"ten a request":        {bodies(21), nil, []int{10, 10, 1}, ""},
		"large ones alone":     {[]string{strings.Repeat("x", 200<<10), strings.Repeat("y", 100<<10), "z"}, nil, []int{1, 2}, ""},
		"one fails in passing": {bodies(3), []string{fail("1", "InternalError", false)}, []int{3, 1}, ""},
		"one is refused":       {bodies(13), []string{fail("1", "InvalidMessageContents", true)}, []int{10, 3}, "1 messages were not sent: InvalidMessageContents"},
		"throttled":            {bodies(2), []string{"!" + busy, "!" + busy}, []int{2, 2, 2}, ""},
		"throttled for good":   {bodies(2), []string{"!" + busy, "!" + busy, "!" + busy, "!" + busy, "!" + busy}, []int{2, 2, 2, 2, 2}, "2 messages were not sent"},
		"no queue":             {bodies(12), []string{`!{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}`}, []int{10, 2}, "10 messages were not sent"},
		"a failure of nobody":  {bodies(2), []string{fail("9", "InternalError", false)}, []int{2}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			c := &cloud{answer: func(string) (int, string) {
				n++
				if n > len(tc.answers) {
					return 200, "{}"
				}
				if body, bad := strings.CutPrefix(tc.answers[n-1], "!"); bad {
					return 400, body
				}
				return 200, tc.answers[n-1]
			}}
			err := sqsapi.SendAll(t.Context(), c.session("eu-west-1"), "https://sqs.eu-west-1.amazonaws.com/111122223333/q", tc.bodies)
			if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("error %v, want %q", err, tc.err)
			}
			var got []int
			for _, r := range c.seen {
				got = append(got, len(sent(t, r)))
			}
			if !slices.Equal(got, tc.requests) {
				t.Errorf("messages in the requests: %v, want %v", got, tc.requests)
			}
		})
	}
}

// Only what failed is sent again, whatever its place in the batch.
func TestSendAllRepeatsWhatFailed(t *testing.T) {
	t.Parallel()
	first := true
	c := &cloud{answer: func(string) (int, string) {
		if first {
			first = false
			return 200, `{"Failed":[{"Id":"4","Code":"InternalError"},{"Id":"2","Code":"ServiceUnavailable"}]}`
		}
		return 200, "{}"
	}}
	if err := sqsapi.SendAll(t.Context(), c.session("eu-west-1"), "https://sqs.eu-west-1.amazonaws.com/111122223333/q", bodies(6)); err != nil {
		t.Fatal(err)
	}
	if got := sent(t, c.seen[1]); len(got) != 2 || got["2"] != "m2" || got["4"] != "m4" {
		t.Errorf("sent again: %v", got)
	}
}
