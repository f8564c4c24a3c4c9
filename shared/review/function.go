package review

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/shoreup/shoreup/shared/approval"
)

// Function answers requests of a function URL with auth type AWS_IAM, payload format 2.0.
type Function struct {
	Tables     Tables
	Identities *Identities
	// Say puts a word into the queue of people's words.
	Say func(context.Context, approval.Said) error
}

// problem is an answer that says why something is not done.
type problem struct {
	status int
	code   string // stable, for programs and for the record
	why    string
}

func (p *problem) Error() string { return p.why }

// Handle answers one request. Every word that is not passed on is recorded as refused, since AWS says who spoke.
func (f *Function) Handle(ctx context.Context, req events.LambdaFunctionURLRequest) (events.LambdaFunctionURLResponse, error) {
	out, status, err := f.serve(ctx, req)
	var p *problem
	switch {
	case errors.As(err, &p):
		return answer(p.status, map[string]string{"code": p.code, "message": p.why}), nil
	case err != nil:
		slog.ErrorContext(ctx, "a request could not be answered", "error", err.Error())
		return answer(http.StatusServiceUnavailable, map[string]string{"code": "error", "message": "this could not be looked up just now; nothing was decided: try again"}), nil
	}
	return answer(status, out), nil
}

func (f *Function) serve(ctx context.Context, req events.LambdaFunctionURLRequest) (any, int, error) {
	method := req.RequestContext.HTTP.Method
	if method == http.MethodPost {
		out, err := f.post(ctx, req)
		return out, http.StatusAccepted, err
	}
	if method != http.MethodGet {
		return nil, 0, &problem{http.StatusMethodNotAllowed, "method", "GET lists what waits, POST says a word"}
	}
	if why := badPath(req); why != nil {
		return nil, 0, why
	}
	who, err := f.who(ctx, req)
	if err != nil {
		return nil, 0, err
	}
	out, err := f.get(ctx, who, req.QueryStringParameters)
	return out, http.StatusOK, err
}

func badPath(req events.LambdaFunctionURLRequest) error {
	if req.Version != "2.0" {
		return &problem{http.StatusBadRequest, "malformed", "this is no request of a function URL"}
	}
	if req.RawPath != "/" && req.RawPath != "" {
		return &problem{http.StatusNotFound, "path", "there is nothing here but /"}
	}
	return nil
}

// who is the person who signed the request. Nothing but AWS's word in the request's context is looked at.
func (f *Function) who(ctx context.Context, req events.LambdaFunctionURLRequest) (string, error) {
	who, err := f.Identities.Of(ctx, caller(req))
	var no *Stranger
	if errors.As(err, &no) {
		return "", &problem{http.StatusForbidden, "stranger", no.Why}
	}
	return who, err
}

func caller(req events.LambdaFunctionURLRequest) *events.LambdaFunctionURLRequestContextAuthorizerIAMDescription {
	if req.RequestContext.Authorizer == nil {
		return nil
	}
	return req.RequestContext.Authorizer.IAM
}

// post takes one word.
func (f *Function) post(ctx context.Context, req events.LambdaFunctionURLRequest) (Receipt, error) {
	who, err := f.who(ctx, req)
	word, bad := readWord(req)
	var p *problem
	switch {
	case errors.As(err, &p):
		return Receipt{}, f.refuse(ctx, req, word, p)
	case err != nil:
		return Receipt{}, err
	case errors.As(bad, &p):
		return Receipt{}, f.refuse(ctx, req, word, p)
	}
	said, err := word.Said(who)
	if err != nil {
		return Receipt{}, err
	}
	chains := []string{f.Tables.Account}
	if ref, err := ParseRef(word.Ref); err == nil {
		chains = append(chains, ref.Key.Account)
	}
	if account, _, err := ParseRecord(word.Record); err == nil {
		chains = append(chains, account)
	}
	since, err := f.Tables.heads(ctx, chains...)
	if err != nil {
		return Receipt{}, err
	}
	if err := f.Say(ctx, said); err != nil {
		return Receipt{}, err
	}
	slog.InfoContext(ctx, "heard a word", "who", who, "verdict", word.Verdict, "ref", word.Ref)
	return Receipt{Message: "heard; it counts once it is recorded", You: who, Since: since}, nil
}

// readWord reads the word of a request. Of one that cannot be read nothing is returned but the error, a [*problem].
func readWord(req events.LambdaFunctionURLRequest) (Word, error) {
	malformed := func(why string) (Word, error) { return Word{}, &problem{http.StatusBadRequest, "malformed", why} }
	if err := badPath(req); err != nil {
		return Word{}, err
	}
	if len(req.QueryStringParameters) > 0 || req.RawQueryString != "" {
		return malformed("a word has no parameters")
	}
	if kind, _, err := mime.ParseMediaType(header(req, "content-type")); err != nil || kind != "application/json" {
		return Word{}, &problem{http.StatusUnsupportedMediaType, "malformed", "the content type must be application/json"}
	}
	body := []byte(req.Body)
	if len(body) > maxBody*2 {
		return Word{}, &problem{http.StatusRequestEntityTooLarge, "malformed", "the body is too large for a word"}
	}
	if req.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(req.Body); err != nil {
			return malformed("the body is not what its encoding says")
		}
	}
	if len(body) > maxBody {
		return Word{}, &problem{http.StatusRequestEntityTooLarge, "malformed", "the body is too large for a word"}
	}
	w, err := ParseWord(body)
	if err != nil {
		return malformed(err.Error())
	}
	return w, nil
}

// header returns a header; Lambda makes all names lower-case, and what comes otherwise is none.
func header(req events.LambdaFunctionURLRequest, name string) string { return req.Headers[name] }

// refuse has it recorded that a word was not passed on, and returns why. The word is the zero value if it could not be read.
func (f *Function) refuse(ctx context.Context, req events.LambdaFunctionURLRequest, w Word, p *problem) error {
	u := approval.Unheard{Verdict: approval.Verdict(w.Verdict), Identity: "unknown", Via: "review", Code: p.code, Why: p.why}
	if ref, err := ParseRef(w.Ref); err == nil {
		u.Key, u.Round = ref.Key, ref.Round
	}
	if account, seq, err := ParseRecord(w.Record); err == nil {
		u.Key = approval.Key{Account: account, Kind: approval.Undo, ID: strconv.FormatInt(seq, 10)}
	}
	if c := caller(req); c != nil && c.UserARN != "" {
		u.Identity = strings.ToValidUTF8(c.UserARN[:min(len(c.UserARN), 512)], "")
	}
	slog.WarnContext(ctx, "a word was refused", "who", u.Identity, "code", p.code, "reason", p.why)
	if err := f.Say(ctx, approval.Said{Refused: &u}); err != nil {
		return err
	}
	return p
}
