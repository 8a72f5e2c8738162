package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/tokens"
)

// tokenObject is a token as JSON; Token is there when it is made, and never again.
type tokenObject struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	Scopes []string `json:"scopes"`
	Person string   `json:"person,omitempty"`
	// Customer is the name of the person.
	Customer string     `json:"customer,omitempty"`
	Created  time.Time  `json:"created"`
	Expires  *time.Time `json:"expires"`
	Used     *time.Time `json:"last_used"`
	Token    string     `json:"token,omitempty"`
}

func newTokenObject(t store.Token) tokenObject {
	moment := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	return tokenObject{ID: t.ID, Name: t.Name, Scopes: t.Scopes, Person: t.Person, Created: t.Created, Expires: moment(t.Expires), Used: moment(t.Used)}
}

// withStore opens the database of a server for one command. One that is not there would be made, and no server would know it.
func (a *app) withStore(ctx context.Context, database string, do func(*store.Store) error) error {
	if name, missing := noDatabase(database); missing {
		return lookError{errors.New(a.say(msgNoDatabase, "file", name))}
	}
	return a.withNewStore(ctx, database, do)
}

// withNewStore is withStore for commands that may be the first: where there is no database they make it, and say so.
func (a *app) withNewStore(ctx context.Context, database string, do func(*store.Store) error) error {
	name, missing := noDatabase(database)
	st, err := store.Open(ctx, database)
	if err != nil {
		return lookError{err}
	}
	defer st.Close()
	if missing {
		fmt.Fprintln(a.Err, a.say(msgMadeDatabase, "file", name))
	}
	return do(st)
}

// noDatabase reports whether a database is a file that is not there.
func noDatabase(database string) (file string, missing bool) {
	if strings.Contains(database, "://") {
		return "", false
	}
	file = strings.TrimPrefix(database, "file:")
	_, err := os.Stat(file)
	return file, errors.Is(err, os.ErrNotExist)
}

func (a *app) databaseFlag(c *cobra.Command, database *string) {
	c.Flags().StringVar(database, "database", "todoku.db", a.flagText("database"))
}

func (a *app) tokenCreateCommand() *cobra.Command {
	var database, name, customer string
	var scopes []string
	var valid days
	c := a.command("token create", func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("%s", a.say(msgNoArgs))
		}
		return a.withStore(c.Context(), database, func(st *store.Store) error {
			var expires time.Time
			if c.Flags().Changed("expires") {
				expires = time.Now().Add(time.Duration(valid))
			}
			secret, t, err := createToken(c.Context(), st, customer, name, scopes, expires)
			switch {
			case errors.Is(err, store.ErrNotFound):
				return lookError{errors.New(a.say(msgTokenCustomer, "name", render.Printable(customer)))}
			case errors.Is(err, tokens.ErrName):
				return usagef("%s", a.say(msgTokenName))
			case errors.Is(err, tokens.ErrScope):
				return usagef("%s", a.say(msgTokenScope, "words", strings.Join(service.Scopes, ", ")))
			case errors.Is(err, tokens.ErrExpiry):
				return usagef("%s", a.say(msgTokenExpiry))
			case err != nil:
				return lookError{err}
			}
			if a.globals.json {
				o := newTokenObject(t)
				o.Token = secret
				return a.show(o, nil)
			}
			fmt.Fprintln(a.Err, a.say(msgTokenMade))
			_, err = fmt.Fprintln(a.Out, secret)
			return err
		})
	})
	a.databaseFlag(c, &database)
	c.Flags().StringVar(&name, "name", "", a.flagText("token-name"))
	c.Flags().StringVar(&customer, "customer", "", a.flagText("token-customer"))
	c.Flags().StringArrayVar(&scopes, "scope", nil, a.flagText("scope"))
	c.Flags().Var(&valid, "expires", a.flagText("token-expires"))
	completeWords(c, "scope", service.Scopes...)
	return c
}

// createToken makes a token of the server, or of the customer of a name: store.ErrNotFound where there is none.
func createToken(ctx context.Context, st *store.Store, customer, name string, scopes []string, expires time.Time) (string, store.Token, error) {
	if customer == "" {
		return tokens.Create(ctx, st, name, scopes, expires)
	}
	clean, err := access.CleanName(customer)
	if err != nil {
		return "", store.Token{}, store.ErrNotFound // nobody has such a name
	}
	p, err := st.PersonByName(ctx, clean)
	if err != nil {
		return "", store.Token{}, err
	}
	return tokens.CreateFor(ctx, st, p, name, scopes, expires)
}

// listedTokens bounds a list.
const listedTokens = 10_000

func (a *app) tokenListCommand() *cobra.Command {
	var database string
	c := a.command("token list", func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("%s", a.say(msgNoArgs))
		}
		return a.withStore(c.Context(), database, func(st *store.Store) error {
			list, err := st.Tokens(c.Context(), listedTokens)
			if err != nil {
				return lookError{err}
			}
			objects := make([]tokenObject, 0, len(list))
			customers := map[string]string{}
			for _, t := range list {
				o := newTokenObject(t)
				if o.Customer, err = customerOf(c.Context(), st, customers, t.Person); err != nil {
					return lookError{err}
				}
				objects = append(objects, o)
			}
			return a.show(map[string]any{"tokens": objects}, func(w io.Writer, _ render.TextOptions) error { return a.listTokens(w, objects) })
		})
	})
	a.databaseFlag(c, &database)
	return c
}

// customerOf gives the name of a person, "" for nobody, and remembers it in known.
func customerOf(ctx context.Context, st *store.Store, known map[string]string, person string) (string, error) {
	if _, asked := known[person]; !asked && person != "" {
		p, err := st.Person(ctx, person)
		if err != nil && !errors.Is(err, store.ErrNotFound) { // they may just have been removed
			return "", err
		}
		known[person] = p.Name
	}
	return known[person], nil
}

func (a *app) listTokens(w io.Writer, list []tokenObject) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, a.say(msgTokenNone))
		return err
	}
	day := func(t *time.Time) string {
		if t == nil {
			return "-"
		}
		return t.Local().Format("2006-01-02 15:04")
	}
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, a.say(msgTokenColumns))
	for _, t := range list {
		customer := "-"
		if t.Customer != "" {
			customer = render.Printable(t.Customer)
		}
		fmt.Fprintf(tab, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, render.Printable(t.Name), customer, strings.Join(t.Scopes, ","), day(&t.Created), day(t.Expires), day(t.Used))
	}
	return tab.Flush()
}

func (a *app) tokenRevokeCommand() *cobra.Command {
	var database string
	c := a.command("token revoke", func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("%s", a.say(msgTokenIDs))
		}
		return a.withStore(c.Context(), database, func(st *store.Store) error {
			for _, id := range args {
				err := st.RemoveToken(c.Context(), id)
				if errors.Is(err, store.ErrNotFound) {
					return lookError{errors.New(a.say(msgTokenUnknown, "id", render.Printable(id)))}
				}
				if err != nil {
					return lookError{err}
				}
				fmt.Fprintln(a.Err, a.say(msgTokenRevoked, "id", id))
			}
			return nil
		})
	})
	a.databaseFlag(c, &database)
	return c
}

var msgTokenCustomer = text{EN: "there is no customer {name}: make one on the page /people of the server", JA: "顧客 {name} はいません。サーバーの /people のページで登録してください"}

func init() {
	textsOf(nil, map[string]text{
		"token-customer": {EN: "make a token of the customer of this `NAME`: it sees that customer's domains alone", JA: "この `NAME` の顧客のトークンを作成する。その顧客のドメインだけを扱える"},
	})
}
