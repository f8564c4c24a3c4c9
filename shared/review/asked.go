package review

import (
	"context"
	"net/http"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/occurrence"
)

func (f *Function) get(ctx context.Context, who string, query map[string]string) (any, error) {
	for key := range query {
		switch key {
		case "account", "ref", "verdict", "since", "record", "ended":
		default:
			return nil, &problem{http.StatusBadRequest, "malformed", "there is no parameter " + cut(key)}
		}
	}
	if query["ref"] != "" || query["since"] != "" {
		return f.stand(ctx, who, query)
	}
	switch query["ended"] {
	case "":
		return f.list(ctx, who, query["account"], f.Tables.Pending)
	case "1":
		return f.list(ctx, who, query["account"], f.Tables.Ended)
	}
	return nil, &problem{http.StatusBadRequest, "malformed", `"ended" is 1 or is not there`}
}

func (f *Function) list(ctx context.Context, who, account string, read func(context.Context, []string) ([]Item, error)) (any, error) {
	accounts := []string{account}
	if account == "" {
		var err error
		if accounts, err = f.Tables.Accounts(ctx); err != nil {
			return nil, err
		}
	} else if !accountID.MatchString(account) {
		return nil, &problem{http.StatusBadRequest, "malformed", `"account" is not 12 digits`}
	}
	items, err := read(ctx, accounts)
	if err != nil {
		return nil, err
	}
	return bounded(List{You: who, Items: items})
}

// stand says how a request stands, and what became of a word. The word is looked for first, so that the request is not older than it.
func (f *Function) stand(ctx context.Context, who string, query map[string]string) (any, error) {
	verdict := query["verdict"]
	var ref Ref
	var since []point
	var err error
	asks := verdict == Lift || verdict == Undo
	if !asks {
		ref, err = ParseRef(query["ref"])
	}
	if err == nil && query["since"] != "" {
		since, err = parseSince(query["since"])
	}
	if err != nil {
		return nil, &problem{http.StatusBadRequest, "malformed", err.Error()}
	}
	var out Answer
	if out.Word, err = f.Tables.outcome(ctx, ref, verdict, query["record"], who, since); err != nil {
		return out, err
	}
	if asked, err := ParseRef(out.Word.Ref); err == nil && verdict != Exempt { // what was asked for
		ref, asks = asked, false
	}
	if asks {
		return out, nil
	}
	if out.Item, _, err = f.Tables.Item(ctx, ref.Key); err != nil {
		return out, err
	}
	if out.Item.Request.State == approval.Approved {
		var s occurrence.Switch
		s, err = f.Tables.Book.Engaged(ctx)
		out.Stopped = s.Engaged
	}
	return out, err
}
