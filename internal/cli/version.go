package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/render"
)

// release is set when a release is built: -ldflags "-X .../internal/cli.release=1.0.0".
var release = ""

// version is the release, or the revision this program was built from.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	revision, modified := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = "+"
		}
	}
	if revision != "" {
		return "devel-" + revision + modified
	}
	return "devel"
}

func (a *app) versionCommand() *cobra.Command {
	return a.command("version", func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("%s", a.say(msgNoArgs))
		}
		if a.globals.json {
			return render.WriteJSON(a.Out, struct {
				Version string `json:"version"`
				Go      string `json:"go"`
				OS      string `json:"os"`
				Arch    string `json:"arch"`
			}{version(), runtime.Version(), runtime.GOOS, runtime.GOARCH})
		}
		_, err := fmt.Fprintf(a.Out, "todoku %s (%s %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return err
	})
}

func (a *app) completionCommand() *cobra.Command {
	c := a.command("completion", func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usagef("%s", a.say(msgShell))
		}
		root := c.Root()
		switch args[0] {
		case "bash":
			return root.GenBashCompletionV2(a.Out, true)
		case "zsh":
			return root.GenZshCompletion(a.Out)
		case "fish":
			return root.GenFishCompletion(a.Out, true)
		case "powershell":
			return root.GenPowerShellCompletionWithDesc(a.Out)
		}
		return usagef("%s", a.say(msgShell))
	})
	c.ValidArgs = []string{"bash", "zsh", "fish", "powershell"}
	return c
}
