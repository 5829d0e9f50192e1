// Package apps is the showcase: every kind of live application, each in a package of
// its own that reads as an example of how to build one.
package apps

import (
	"github.com/briohq/brio/apps/chat"
	"github.com/briohq/brio/apps/desk"
	"github.com/briohq/brio/apps/fleet"
	"github.com/briohq/brio/apps/ops"
	"github.com/briohq/brio/apps/sales"
	"github.com/briohq/brio/apps/site"
)

// All starts all applications on a site, in the order of their cards.
func All(s *site.Site) []site.App {
	all := []site.App{
		chat.New(s.Server, chat.Config{Quiet: s.Quiet, Logger: s.Logger}),
		sales.New(s),
		fleet.New(s),
		desk.New(s),
	}

	return append(all, ops.New(s, all...))
}
