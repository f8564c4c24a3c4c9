package review

import (
	"encoding/json"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
)

// maxAnswer is how much of an answer fits: Lambda takes 6 MB, and the body is a string in it, in which quotes and backslashes count twice.
// Source: Lambda developer guide, "Lambda quotas".
const maxAnswer = 5 << 20

// bounded leaves out plans, and then requests, that do not fit. A plan that is left out can be asked for by itself.
func bounded(l List) (List, error) {
	room := maxAnswer - 1024
	kept := make([]Item, 0, len(l.Items))
	for _, it := range l.Items {
		n, err := weight(it)
		if err != nil {
			return l, err
		}
		if n > room || room < maxAnswer/4 { // the last quarter is for items without plans
			it.Plan, it.About = "", ""
			if n, err = weight(it); err != nil {
				return l, err
			}
		}
		if room -= n; room < 0 {
			l.Cut = true
			break
		}
		kept = append(kept, it)
	}
	l.Items = kept
	return l, nil
}

func weight(it Item) (int, error) {
	raw, err := json.Marshal(it)
	n := len(raw)
	for _, b := range raw {
		if b == '"' || b == '\\' {
			n++
		}
	}
	return n + 1, err
}

func answer(status int, v any) events.LambdaFunctionURLResponse {
	body, err := json.Marshal(v)
	if err != nil { // what comes from our own tables encodes
		status, body = http.StatusInternalServerError, []byte(`{"code":"error","message":"the answer could not be written"}`)
	}
	return events.LambdaFunctionURLResponse{StatusCode: status, Body: string(body), Headers: map[string]string{
		"content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff",
	}}
}
