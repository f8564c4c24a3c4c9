package handler

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/audit/seal"
)

// TestSealCounts: every run counts what is wrong, also when that is nothing.
func TestSealCounts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		out  seal.Result
		err  error
		want string
	}{
		"all is well":         {seal.Result{Chains: 3, Segments: 1, Entries: 7}, nil, "AuditFailures 0"},
		"two are not":         {seal.Result{Chains: 3, Tampered: []seal.Tampered{{Chain: "111122223333", Seq: 5, Problem: "x"}, {Chain: "444455556666"}}}, nil, "AuditFailures 2"},
		"one does not answer": {seal.Result{Chains: 1}, errors.New("throttled"), "AuditFailures 0"},
		"both":                {seal.Result{Tampered: []seal.Tampered{{Chain: "111122223333"}}}, errors.New("throttled"), "AuditFailures 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var counted []string
			h := &Seal{Run: func(context.Context) (seal.Result, error) { return tc.out, tc.err }, Count: func(metric string, n int) { counted = append(counted, fmt.Sprint(metric, " ", n)) }}
			out, err := h.Handle(t.Context(), nil)
			if !errors.Is(err, tc.err) {
				t.Errorf("error %v, want %v: what can be tried again is an error, what was found is not", err, tc.err)
			}
			if diff := cmp.Diff(any(tc.out), out); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{tc.want}, counted); diff != "" {
				t.Errorf("counted (-want +got):\n%s", diff)
			}
		})
	}
}
