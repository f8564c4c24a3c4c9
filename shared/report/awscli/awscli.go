// Package awscli writes plans as commands of the AWS CLI, for teams that fix by hand or by ticket. What it writes is a POSIX shell script: every value is
// quoted, and everything that people called something stands in comments that it cannot leave.
package awscli

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// Write writes the plans of one account, one after the other. Each command carries its whole input as JSON, so that nothing depends on how a flag is spelled.
// Source: AWS CLI user guide, "AWS CLI skeletons and input files".
func Write(w io.Writer, findings []core.Finding) error {
	var b strings.Builder
	b.WriteString("#!/bin/sh\n# Each command below is one call of a plan, with its whole input. Read first, then run what you mean to.\nset -eu\n")
	for _, f := range findings {
		plan(&b, f)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the commands: %w", err)
	}
	return nil
}

func plan(b *strings.Builder, f core.Finding) {
	fmt.Fprintf(b, "\n# %s: %s\n", comment(f.Control), comment(f.Title))
	fmt.Fprintf(b, "# %s in account %s, %s; %s\n", comment(f.Resource), comment(f.Account), comment(f.Region), comment(string(f.Severity)))
	for _, v := range f.Violations {
		fmt.Fprintf(b, "# wrong: %s\n", comment(v.Reason))
	}
	for _, n := range f.Notes {
		fmt.Fprintf(b, "# note: %s\n", comment(n))
	}
	for _, a := range f.Advice {
		for i, step := range a.Steps {
			fmt.Fprintf(b, "# by hand, %d: %s\n", i+1, comment(step))
		}
	}
	if len(f.Changes) == 0 {
		return
	}
	if f.Outcome == core.Refused || f.Outcome == core.Excepted {
		fmt.Fprintf(b, "# not to be changed (%s): %s\n", f.Outcome, comment(f.Reason))
		return
	}
	fmt.Fprintf(b, "# plan %s: run these only while shoreup plan still gives this hash\n", f.Hash)
	for _, c := range f.Changes {
		fmt.Fprintf(b, "# %s\n%s\n", comment(c.Why), Command(awsapi.Call{Op: c.Call, Input: c.Input}, f.Region))
	}
	for i := len(f.Changes) - 1; i >= 0; i-- {
		for _, u := range f.Changes[i].Undo {
			undo(b, u, f.Region)
		}
	}
}

// undo is a comment: nobody should run it together with the rest.
func undo(b *strings.Builder, u awsapi.Call, region string) {
	fmt.Fprintf(b, "# undo: %s\n", Command(u, region))
	for _, bind := range u.Bind {
		fmt.Fprintf(b, "#   with %s from the output of command %d: %s\n", comment(bind.Field), bind.Call+1, comment(bind.From))
	}
}

// services are the SDK services whose name in the CLI is another.
var services = map[string]string{"s3": "s3api"}

// Command is one call as a line of shell: the input is canonical JSON, which has no line breaks, in single quotes.
func Command(c awsapi.Call, region string) string {
	service, op, _ := strings.Cut(c.Op, ":")
	if name, ok := services[service]; ok {
		service = name
	}
	return strings.Join([]string{"aws", awsapi.Word(service), awsapi.Word(kebab(op)), "--region", awsapi.Word(region), "--cli-input-json", awsapi.Word(ascii(c.Input))}, " ")
}

// The CLI's own rule for names of commands: a hyphen before each capital that begins a word, and between small letters and capitals.
// Source: xform_name of botocore, which the CLI is built on.
var (
	wordBegins = regexp.MustCompile(`(.)([A-Z][a-z]+)`)
	wordEnds   = regexp.MustCompile(`([a-z0-9])([A-Z])`)
)

func kebab(op string) string {
	op = wordBegins.ReplaceAllString(op, "$1-$2")
	return strings.ToLower(wordEnds.ReplaceAllString(op, "$1-$2"))
}

// ascii spells what is not ASCII as JSON escapes: invisible characters could otherwise make a command look like another.
func ascii(raw json.RawMessage) string {
	var b strings.Builder
	for _, r := range string(raw) {
		switch {
		case r < 0x7f:
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// comment keeps a text on its line: whatever ends a line, or cannot be seen, becomes a blank.
func comment(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == ' ' {
			return r
		}
		return ' '
	}, s)
}
