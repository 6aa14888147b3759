package crawler

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
)

// secretOf finds the secret that an option names by its variable.
func secretOf(secret Secret, option, name string) (string, error) {
	v, err := secretText(secret, option, name)
	if err != nil {
		return "", err
	}
	for i := range len(v) {
		if v[i] <= ' ' || v[i] == 0x7f {
			return "", fmt.Errorf("%s: what %s holds has blanks or line breaks", option, name)
		}
	}
	return v, nil
}

// secretText is secretOf for a secret of several lines.
func secretText(secret Secret, option, name string) (string, error) {
	switch {
	case name == "":
		return "", fmt.Errorf("%s is missing: the name of the environment variable that holds it", option)
	case secret == nil:
		return "", fmt.Errorf("%s: there are no secrets here", option)
	}
	v, err := secret(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", option, err)
	}
	if v == "" {
		return "", fmt.Errorf("%s: %s is empty", option, name)
	}
	return v, nil
}

// checkQueries is a fault of the configured words of a search, or nil. It folds
// them, and leaves out what is there twice.
func checkQueries(queries *[]string) error {
	var out []string
	for _, s := range *queries {
		if s = foldText(s, 200); s == "" {
			return errors.New("queries: one is empty")
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if *queries = out; len(out) > maxLists {
		return fmt.Errorf("queries: more than %d; make more sources of them", maxLists)
	}
	return nil
}

// checkSite reads the address of a site.
func checkSite(option, address string) (*url.URL, error) {
	u, err := checkURL(address)
	switch {
	case address == "":
		return nil, fmt.Errorf("%s is missing", option)
	case err != nil:
		return nil, checkWeb(option, address)
	case u.RawQuery != "":
		return nil, fmt.Errorf("%s is the address of the front page, without a question mark", option)
	}
	return u, nil
}

// checkPlaces is a fault of a list of ids, or nil.
func checkPlaces(option string, ids []string, form *regexp.Regexp) error {
	if len(ids) == 0 {
		return fmt.Errorf("%s is missing", option)
	}
	if len(ids) > maxLists {
		return fmt.Errorf("%s: more than %d; make more sources of them", option, maxLists)
	}
	for _, id := range ids {
		if !form.MatchString(id) {
			return fmt.Errorf("%s: %q is not an id", option, id)
		}
	}
	return nil
}

// checkLang is a fault of the code of a language, or nil.
func checkLang(lang string) error {
	if lang != "" && langCode(lang) != lang {
		return fmt.Errorf("lang %q is not a code of two letters", lang)
	}
	return nil
}
