package iampolicy

import "testing"

// parse reads a document or a list of statements (text that starts with "{" or "[").
func parse(t testing.TB, text string) Document {
	t.Helper()
	if text[0] == '[' {
		text = `{"Version":"2012-10-17","Statement":` + text + `}`
	}
	d, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("Parse(%s): %v", text, err)
	}
	return d
}

// allow builds a document with one S3 Allow statement from its principal and condition; "" leaves an element out.
func allow(t testing.TB, principal, condition string) Document {
	t.Helper()
	return parse(t, `[`+allowText(principal, condition)+`]`)
}

func allowText(principal, condition string) string {
	text := `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"`
	if principal != "" {
		text += `,"Principal":` + principal
	}
	if condition != "" {
		text += `,"Condition":` + condition
	}
	return text + `}`
}
