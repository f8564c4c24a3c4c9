package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// narrowing are the flags without which a command takes more than with them, or something else.
var narrowing = []string{"control", "resource", "account", "region", "type", "role", "list", "origin", "rules", "profile", "read-role", "write-role", "table", "bucket", "remembered"}

// noEmptyFilters refuses a flag that was given and says nothing: a shell variable that is not set would let a command loose on everything.
func noEmptyFilters(cmd *cobra.Command) error {
	var errs []error
	for _, name := range narrowing {
		f := cmd.Flags().Lookup(name)
		if f == nil || !f.Changed {
			continue
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(interface{ GetSlice() []string }); ok {
			values = list.GetSlice()
		}
		if len(values) == 0 || slices.ContainsFunc(values, func(s string) bool { return strings.TrimSpace(s) == "" }) {
			errs = append(errs, fmt.Errorf("--%s is given without a value: leave it out if nothing in particular is meant", name))
		}
	}
	return errors.Join(errs...)
}
