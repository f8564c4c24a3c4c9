package awsapi

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

type (
	getThingInput  struct{ Name string }
	getThingOutput struct{ Value string }
)

// getThing is a read that counts how often it is really made.
func getThing(calls *atomic.Int64, fail error) Read[getThingInput, getThingOutput] {
	return Read[getThingInput, getThingOutput]{Op: Op{Name: "fake:GetThing"}, do: func(_ context.Context, s Session, in *getThingInput) (*getThingOutput, error) {
		calls.Add(1)
		return &getThingOutput{s.Account + "/" + s.Region + "/" + in.Name}, fail
	}}
}

func TestEqualReadsAreMadeOnceUnderASharedContext(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	get := getThing(&calls, nil)
	ctx := WithShared(t.Context())
	s := testSession()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			out, err := get.Do(ctx, s, &getThingInput{"a"})
			if err != nil || out.Value != "111122223333/eu-west-1/a" {
				t.Errorf("got %v, %v", out, err)
			}
		})
	}
	wg.Wait()
	if calls.Load() != 1 {
		t.Errorf("%d calls, want 1", calls.Load())
	}
}

func TestWhatIsNotEqualIsNotShared(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	get := getThing(&calls, nil)
	s := testSession()
	other := s
	other.Account = "444455556666"
	one, two := WithShared(t.Context()), WithShared(t.Context())
	for _, c := range []struct {
		ctx  context.Context
		s    Session
		name string
		want string
	}{
		{one, s, "a", "111122223333/eu-west-1/a"}, {one, s, "b", "111122223333/eu-west-1/b"}, {one, s.In("us-east-1"), "a", "111122223333/us-east-1/a"},
		{one, other, "a", "444455556666/eu-west-1/a"}, {two, s, "a", "111122223333/eu-west-1/a"}, {t.Context(), s, "a", "111122223333/eu-west-1/a"}, {t.Context(), s, "a", "111122223333/eu-west-1/a"},
	} {
		out, err := get.Do(c.ctx, c.s, &getThingInput{c.name})
		if err != nil || out.Value != c.want {
			t.Errorf("got %v, %v, want %s", out, err, c.want)
		}
	}
	if calls.Load() != 7 {
		t.Errorf("%d calls, want 7", calls.Load())
	}
}

func TestAFailureIsSharedToo(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	broken := errors.New("broken")
	get := getThing(&calls, broken)
	ctx := WithShared(t.Context())
	for range 2 {
		if _, err := get.Do(ctx, testSession(), &getThingInput{"a"}); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	}
	if calls.Load() != 1 {
		t.Errorf("%d calls, want 1", calls.Load())
	}
}

// Whoever reads for several and ends half-way leaves them an error, not an answer of nothing.
func TestAReadThatWasNotFinishedIsAnError(t *testing.T) {
	t.Parallel()
	get := Read[getThingInput, getThingOutput]{Op: Op{Name: "fake:GetThing"}, do: func(context.Context, Session, *getThingInput) (*getThingOutput, error) {
		runtime.Goexit()
		return nil, nil
	}}
	ctx := WithShared(t.Context())
	var first sync.WaitGroup
	first.Go(func() { _, _ = get.Do(ctx, testSession(), &getThingInput{"a"}) })
	first.Wait()
	if out, err := get.Do(ctx, testSession(), &getThingInput{"a"}); err == nil {
		t.Errorf("got %v and no error", out)
	}
}

func TestSharedAnswersAreBounded(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	get := getThing(&calls, nil)
	ctx := WithShared(t.Context())
	for range 2 {
		for i := range maxShared + 10 {
			if _, err := get.Do(ctx, testSession(), &getThingInput{fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if want := int64(maxShared + 20); calls.Load() != want {
		t.Errorf("%d calls, want %d", calls.Load(), want)
	}
}
