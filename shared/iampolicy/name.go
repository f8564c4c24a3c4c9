package iampolicy

import "fmt"

// Name names a statement for people: its place, counted from 1, and its Sid where it has one.
func (s Statement) Name() string {
	if s.Sid == "" {
		return fmt.Sprintf("policy statement %d", s.Index+1)
	}
	return fmt.Sprintf("policy statement %d (Sid %q)", s.Index+1, s.Sid)
}
