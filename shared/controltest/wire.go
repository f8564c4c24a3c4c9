package controltest

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// wire stands between the SDK and the emulator: it refuses one operation, and answers those that the emulator lacks.
type wire struct {
	next      aws.HTTPClient
	deny      string // "s3:GetBucketPolicy"
	exchanges *exchanges
}

// Do sends one request. The SDK's context says which operation it is for.
func (w *wire) Do(req *http.Request) (*http.Response, error) {
	op := operationOf(req.Context())
	if op == w.deny {
		return denial(req, op), nil
	}
	if w.exchanges != nil {
		return w.exchanges.do(req, op, w.next)
	}
	return w.next.Do(req)
}

// operationOf names the operation as package awsapi does: by the SDK's package and method.
func operationOf(ctx context.Context) string {
	service := strings.ToLower(strings.ReplaceAll(awsmiddleware.GetServiceID(ctx), " ", ""))
	return service + ":" + middleware.GetOperationName(ctx)
}

// denial is a service's answer to a caller that lacks the permission. Sources: the "Common errors" pages of the services' API references; S3 and S3 Control
// "Error responses"; EC2 "Error codes for the Amazon EC2 API".
func denial(req *http.Request, op string) *http.Response {
	const text = "User is not authorized to perform this operation"
	service, _, _ := strings.Cut(op, ":")
	switch service {
	case "s3":
		return answer(req, http.StatusForbidden, "application/xml", `<Error><Code>AccessDenied</Code><Message>`+text+`</Message><RequestId>1</RequestId></Error>`)
	case "ec2":
		return answer(req, http.StatusForbidden, "text/xml", `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>`+text+`</Message></Error></Errors><RequestID>1</RequestID></Response>`)
	case "s3control", "iam", "rds", "sns", "sts", "cloudfront":
		code := "AccessDenied"
		if service == "sns" {
			code = "AuthorizationError"
		}
		return answer(req, http.StatusForbidden, "text/xml", `<ErrorResponse><Error><Type>Sender</Type><Code>`+code+`</Code><Message>`+text+`</Message></Error><RequestId>1</RequestId></ErrorResponse>`)
	}
	return answer(req, http.StatusBadRequest, "application/x-amz-json-1.1", fmt.Sprintf(`{"__type":"AccessDeniedException","message":%q}`, text))
}

func answer(req *http.Request, status int, contentType, body string) *http.Response {
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: req,
	}
}

// ordered are the lists in outputs whose order means something.
var ordered = map[string]bool{
	"KeySchema": true, // partition key first, then sort key
}

// shuffling makes the SDK answer lists in another order, as AWS may.
func shuffling(seed uint64) func(*middleware.Stack) error {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(seed, seed))
	return func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("shuffle", func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			out, md, err := next.HandleInitialize(ctx, in)
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				shuffle(reflect.ValueOf(out.Result), r)
			}
			return out, md, err
		}), middleware.Before)
	}
}

func shuffle(v reflect.Value, r *rand.Rand) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			shuffle(v.Elem(), r)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !ordered[f.Name] {
				shuffle(v.Field(i), r)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		r.Shuffle(v.Len(), reflect.Swapper(v.Interface()))
		for i := range v.Len() {
			shuffle(v.Index(i), r)
		}
	}
}
