package crawler

import (
	"time"

	"github.com/puskaradio/puskaradio"
)

// A Kind is a kind of source that this program can read.
type Kind struct {
	Name  string
	Reads string // what it reads, in one sentence
	Genre puskaradio.Genre
	Every time.Duration // how often a source is read that does not say
	// OneBrand says that all texts of a source are about one brand, so that
	// the source should name it in its About. The texts of other kinds are
	// matched.
	OneBrand bool
	Keep     puskaradio.Keeping // what the terms allow to be kept; empty is free
	Terms    Terms
	Example  string           // the least options, as JSON; what they name as secret is set in the environment
	New      func() Connector // options with their defaults
}

// Terms are what the provider asks of those who read, as we understood it.
type Terms struct {
	Checked string // the date of the look, 2026-11-21
	Note    string
}

// A Secret finds a secret by its name: the environment variable NAME, or the
// file that NAME_FILE names.
type Secret func(name string) (string, error)

// kinds is everything that this program can read.
var kinds = map[string]Kind{
	"appstore": {
		Reads: "Reads the newest reviews of an app in the App Store of each country, from Apple's public feed.",
		Genre: puskaradio.Review, Every: time.Hour, OneBrand: true,
		Terms:   Terms{"2026-11-21", "Apple's public customer review feed, 500 newest reviews of a country, no key. For an app of your own App Store Connect tells more."},
		Example: `{"app":"1234567"}`,
		New:     func() Connector { return &appStore{Countries: []string{"fi"}, Pages: 10} },
	},
	"appstoreconnect": {
		Reads: "Reads the reviews of one's own app in the App Stores of all countries, with the developer's answers.",
		Genre: puskaradio.Review, Every: time.Hour, OneBrand: true, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-22", "Apple's interface for developers, free with a membership of the developer programme, about 3,500 requests an hour of a key. One's own apps only."},
		Example: `{"app":"1234567","issuer":"57246542-96fe-1a63-e053-0824d011072a","key_id":"2X9R4HXF34","key_env":"APPSTORE_EC_KEY"}`,
		New:     func() Connector { return &appStoreConnect{PerPage: 200, Pages: 10, Recheck: 5} },
	},
	"bazaarvoice": {
		Reads: "Reads the reviews that a retailer or brand collects with Bazaarvoice, with its answers; passed-on copies count once.",
		Genre: puskaradio.Review, Every: time.Hour, OneBrand: true, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-22", "Bazaarvoice's Conversations API with the passkey of its customer, only with that customer's consent. Requests of a minute are counted by key."},
		Example: `{"passkey_env":"BAZAARVOICE_PASSKEY"}`,
		New:     func() Connector { return &bazaarvoice{PerPage: 100, Pages: 10} },
	},
	"bluesky": {
		Reads: "Reads public posts of Bluesky that name a brand: by search with an account, and by listening to the stream of all posts.",
		Genre: puskaradio.Social, Every: 5 * time.Minute, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-21", "Documented interfaces, free: search with an app password, Jetstream without an account. Posts are public; deletions are followed, and authors who ask not to be shown to strangers are left out."},
		Example: `{"handle":"acme.example","password_env":"BLUESKY_PASSWORD","stream":true}`,
		New: func() Connector {
			return &bluesky{Pages: 10, Recheck: 2, OptOut: true, Profiles: blueskyProfiles, Jetstream: jetstreamServers()}
		},
	},
	"discourse": {
		Reads: "Reads the posts of a forum that runs on Discourse, all that are new or those that name the brands.",
		Genre: puskaradio.Social, Every: 10 * time.Minute, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-22", "The forum's own documented interface, about 60 requests a minute for visitors. Each forum has its own terms, which its reader checks before it is added."},
		Example: `{"site":"https://forum.example"}`,
		New:     func() Connector { return &discourse{Pages: 10, Recheck: 5} },
	},
	"feed": {
		Reads: "Reads a feed: RSS, Atom or JSON Feed, of a blog, a forum, a newsroom or of comments.",
		Genre: puskaradio.Other, Every: 15 * time.Minute,
		Terms:   Terms{"2026-11-21", "Feeds are published to be read by programs; what may be kept of their texts is in the terms of each site."},
		Example: `{"url":"https://blog.example/feed"}`,
		New:     func() Connector { return &feed{Pages: 1} },
	},
	"g2": {
		Reads: "Reads the reviews of one's own products at G2.",
		Genre: puskaradio.Review, Every: 6 * time.Hour, OneBrand: true, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-22", "G2's interface with an account's token, one's own products only, 100 requests a second. Where reviews are shown they must link to G2."},
		Example: `{"token_env":"G2_TOKEN"}`,
		New:     func() Connector { return &g2{PerPage: 100, Pages: 10} },
	},
	"googlebusiness": {
		Reads: "Reads the reviews of one's own places on Google's map with the owner's permission, and the owner's replies.",
		Genre: puskaradio.Review, Every: 30 * time.Minute, OneBrand: true, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-22", "Google's interface for owners, free, after Google has approved the project; 300 requests a minute. Only for verified places that the owner's account manages."},
		Example: `{"account":"1","locations":["2"],"client_id":"x.apps.googleusercontent.com","client_secret_env":"GOOGLE_SECRET","refresh_token_env":"GOOGLE_REFRESH_TOKEN"}`,
		New:     func() Connector { return &googleBusiness{Pages: 10, Recheck: 5} },
	},
	"googleplaces": {
		Reads: "Shows the at most five reviews that Google tells of any place; nothing of them is kept.",
		Genre: puskaradio.Review, Every: 24 * time.Hour, OneBrand: true, Keep: puskaradio.Nothing,
		Terms:   Terms{"2026-11-22", "Google's Places API (New), every look costs the price of its dearest class. Its terms forbid to keep anything but the ids of places; of one's own places the kind googlebusiness reads all and keeps them."},
		Example: `{"key_env":"PLACES_KEY","places":["ChIJaaaaaaaaaaaaaaaaaaaaaaa"]}`,
		New:     func() Connector { return &googlePlaces{} },
	},
	"googleplay": {
		Reads: "Reads the reviews of one's own app in the Play Store, with the developer's answers.",
		Genre: puskaradio.Review, Every: time.Hour, OneBrand: true, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-22", "Google's interface for developers, free, 200 reads an hour, one's own apps only. It shows no more than the last week, so a source that is not read for a week loses reviews for good."},
		Example: `{"package":"com.example.app","service_account_env":"PLAY_SERVICE_ACCOUNT"}`,
		New:     func() Connector { return &googlePlay{Pages: 20} },
	},
	"hackernews": {
		Reads: "Searches the stories and comments of Hacker News for the names of the brands.",
		Genre: puskaradio.Social, Every: 10 * time.Minute,
		Terms:   Terms{"2026-11-22", "Algolia's public search of Hacker News, free, no key, about 10,000 requests an hour from one address. Deletions show only in the site's own interface, which is asked about recent items."},
		Example: `{}`,
		New:     func() Connector { return &hackerNews{Tags: "(story,comment)", PerPage: 100, Pages: 5, Recheck: 5} },
	},
	"imap": {
		Reads: "Reads a mailbox: answers to surveys and what customers write to a feedback address, each mail's own words without what it quotes.",
		Genre: puskaradio.Survey, Every: 5 * time.Minute, OneBrand: true,
		Terms:   Terms{"2026-11-22", "One's own mailbox, with its password or an app password; nothing is changed in it. Mails are personal data: addresses are not kept, names are; tell who writes there."},
		Example: `{"host":"imap.acme.example","username":"palaute@acme.example","password_env":"IMAP_PASSWORD"}`,
		New:     func() Connector { return &mailbox{TLS: "implicit", Folder: "INBOX", Days: 30, PerPage: 50} },
	},
	"judgeme": {
		Reads: "Reads the reviews of one's own shop at Judge.me.",
		Genre: puskaradio.Review, Every: time.Hour, OneBrand: true, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-22", "Judge.me's interface with the shop's own private token, in all its plans. It does not tell what the shop has answered."},
		Example: `{"shop":"acme.myshopify.com","token_env":"JUDGEME_TOKEN"}`,
		New:     func() Connector { return &judgeMe{PerPage: 100, Pages: 10} },
	},
	"lemmy": {
		Reads: "Searches the posts and comments that a Lemmy server knows for the names of the brands.",
		Genre: puskaradio.Social, Every: 15 * time.Minute, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-22", "The documented interface of the server, no key; limits and rules differ from server to server. It has no way to look at single texts of other servers again, so that a deletion shows only while a search still finds the text."},
		Example: `{"server":"lemmy.example"}`,
		New:     func() Connector { return &lemmy{API: "v3", PerPage: 50, Pages: 5} },
	},
	"lipscore": {
		Reads: "Reads the reviews that a shop collects with Lipscore, with its answers.",
		Genre: puskaradio.Review, Every: time.Hour, OneBrand: true, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-22", "Lipscore's interface with the shop's own key and secret, in its plan. The order of its lists is not documented, so that all pages are read."},
		Example: `{"key_env":"LIPSCORE_KEY","secret_env":"LIPSCORE_SECRET"}`,
		New:     func() Connector { return &lipscore{PerPage: 100, Pages: 20} },
	},
	"mastodon": {
		Reads: "Reads public posts of a Mastodon or GoToSocial server by hashtag, and with a token by search.",
		Genre: puskaradio.Social, Every: 5 * time.Minute, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-21", "The documented interface, 300 requests in 5 minutes. Rules differ from server to server; authors who do not want to be found are left out, deletions are followed."},
		Example: `{"server":"mastodon.example","tags":["acme"]}`,
		New:     func() Connector { return &mastodonTags{Pages: 10, Recheck: 5, OptOut: true} },
	},
	"reddit": {
		Reads: "Searches posts of Reddit for the names of the brands, and reads the new comments of subreddits.",
		Genre: puskaradio.Social, Every: 10 * time.Minute, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-22", "Reddit's Data API, only with Reddit's prior approval; commercial use wants a contract. About 100 requests a minute; what its authors delete must be deleted here."},
		Example: `{"approved":true,"client_id":"abc","client_secret_env":"REDDIT_SECRET"}`,
		New:     func() Connector { return &reddit{PerPage: 100, Pages: 5, Recheck: 100} },
	},
	"reviews": {
		Reads: "Reads reviews off web pages that mark them up by schema.org or microformats: single pages, paged lists and sitemaps.",
		Genre: puskaradio.Review, Every: time.Hour,
		Terms:   Terms{"2026-11-21", "robots.txt and noindex are obeyed; the terms of a site are for its reader to check before the site is added."},
		Example: `{"url":"https://shop.example/"}`,
		New:     func() Connector { return &reviews{Follow: "next", MaxPages: 20, MaxSitemaps: 50, HonourNoIndex: true} },
	},
	"stackexchange": {
		Reads: "Searches the questions and answers of a site of Stack Exchange for the names of the brands.",
		Genre: puskaradio.Social, Every: time.Hour,
		Terms:   Terms{"2026-11-22", "Stack Exchange's interface, free, 300 requests a day without a key and 10,000 with one; a pause that it asks for is kept. Texts are under CC BY-SA: name author and site where they are shown."},
		Example: `{"site":"stackoverflow"}`,
		New:     func() Connector { return &stackExchange{PerPage: 100, Pages: 3} },
	},
	"steam": {
		Reads: "Reads the reviews of a game or program in Steam's shop, with the developer's responses.",
		Genre: puskaradio.Review, Every: time.Hour, OneBrand: true,
		Terms:   Terms{"2026-11-22", "Valve's documented interface for reviews, free, no key and no stated limit. Ratings are thumbs up or down; edits come first in the list."},
		Example: `{"app":"440"}`,
		New:     func() Connector { return &steam{Offtopic: true, PerPage: 100, Pages: 10} },
	},
	"telegram": {
		Reads: "Reads what is said in one's own Telegram channels and groups, where a bot of one's own is a member.",
		Genre: puskaradio.Social, Every: 10 * time.Minute, Keep: puskaradio.Month,
		Terms:   Terms{"2026-11-22", "Telegram's Bot API, free; a bot sees only where it is a member, and what it has not fetched is gone after 24 hours. Telegram tells bots of no deletions, so that texts are kept for 30 days only."},
		Example: `{"token_env":"TELEGRAM_BOT_TOKEN"}`,
		New:     func() Connector { return &telegram{Posts: true} },
	},
	"testfreaks": {
		Reads: "Reads the reviews that a shop's customers wrote with TestFreaks.",
		Genre: puskaradio.Review, Every: time.Hour, OneBrand: true, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-22", "TestFreaks's Reviews API with the shop's own secret token, in its plan. Reviews of other sites are not in it."},
		Example: `{"client":"acme.example","token_env":"TESTFREAKS_TOKEN"}`,
		New:     func() Connector { return &testFreaks{PerPage: 100, Pages: 20} },
	},
	"threads": {
		Reads: "Searches the posts of Threads for the names of the brands.",
		Genre: puskaradio.Social, Every: 15 * time.Minute, Keep: puskaradio.Month,
		Terms:   Terms{"2026-11-22", "Meta's Threads API, free, 2,200 searches in 24 hours, after Meta's review of the app; without it a search finds only one's own posts, which is told as an error. Deletions do not show, so that texts are kept for 30 days only."},
		Example: `{"token_env":"THREADS_TOKEN"}`,
		New:     func() Connector { return &threads{Pages: 3} },
	},
	"tripadvisor": {
		Reads: "Shows the at most five newest reviews that Tripadvisor tells of a place; nothing of them is kept.",
		Genre: puskaradio.Review, Every: 12 * time.Hour, OneBrand: true, Keep: puskaradio.Nothing,
		Terms:   Terms{"2026-11-22", "Tripadvisor's Content API, 5,000 looks a month are free and a card is required. Its terms forbid to keep anything but the ids of places."},
		Example: `{"key_env":"TRIPADVISOR_KEY","locations":["1234567"]}`,
		New:     func() Connector { return &tripadvisor{Lang: "en"} },
	},
	"trustpilot": {
		Reads: "Reads the service reviews of a business at Trustpilot, with the company's replies.",
		Genre: puskaradio.Review, Every: time.Hour, OneBrand: true, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-22", "Trustpilot's interface with the key of a paid plan; the limits are those of the plan. Its pages may not be scraped and are not."},
		Example: `{"domain":"acme.example","key_env":"TRUSTPILOT_KEY"}`,
		New:     func() Connector { return &trustpilot{PerPage: 100, Pages: 10, Recheck: 5} },
	},
	"woocommerce": {
		Reads: "Reads the product reviews of a WooCommerce shop, and what the shop has answered.",
		Genre: puskaradio.Review, Every: 30 * time.Minute, OneBrand: true, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-22", "The shop's own interface, public or with its key, meant for one's own shop or with its owner's consent. Limits are those of the shop's host."},
		Example: `{"site":"https://shop.example"}`,
		New:     func() Connector { return &wooCommerce{Replies: true, PerPage: 100, Pages: 10, Recheck: 5} },
	},
	"wordpress": {
		Reads: "Reads the comments of a WordPress site, and the star reviews of its WooCommerce shop, from its public interface.",
		Genre: puskaradio.Review, Every: 15 * time.Minute, OneBrand: true, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-21", "The site's own public interface, meant for one's own site or with its owner's consent."},
		Example: `{"site":"https://cafe.example"}`,
		New:     func() Connector { return &wordPress{PerPage: 100, Pages: 20} },
	},
	"x": {
		Reads: "Searches the posts of the last seven days at X for the names of the brands, or listens to the stream of new ones, for money, within a daily cap.",
		Genre: puskaradio.Social, Every: 15 * time.Minute, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-22", "X's interface of version 2, pay per use: 0.005 USD for a post and 0.010 for an author in late 2026. What is stored must follow deletions and edits; reading pages without the interface is forbidden."},
		Example: `{"token_env":"X_BEARER_TOKEN"}`,
		New: func() Connector {
			return &x{Cap: 1, Pages: 10, Recheck: 20, PostPrice: 0.005, UserPrice: 0.010, Server: "https://api.x.com"}
		},
	},
	"yotpo": {
		Reads: "Reads the reviews of products that Yotpo's widget shows in a shop, with the shop's answers.",
		Genre: puskaradio.Review, Every: time.Hour, OneBrand: true, Keep: puskaradio.UntilGone,
		Terms:   Terms{"2026-11-22", "The public interface of Yotpo's widget, with the app key that the shop's pages show; for one's own shop or with its consent. Yotpo keeps copies of its answers for a while."},
		Example: `{"app_key":"AbCdEfGhIjKlMnOpQrSt"}`,
		New:     func() Connector { return &yotpo{PerPage: 100, Pages: 5} },
	},
	"youtube": {
		Reads: "Reads the comments of videos and channels, and searches for new videos that name the brands.",
		Genre: puskaradio.Social, Every: 30 * time.Minute, Keep: puskaradio.Month,
		Terms:   Terms{"2026-11-22", "YouTube's Data API, free: 10,000 units a day, a page of comments is one, and 100 searches a day. What is kept must be read anew within 30 days or go."},
		Example: `{"key_env":"YOUTUBE_KEY","channels":["UCaaaaaaaaaaaaaaaaaaaaaa"]}`,
		New: func() Connector {
			return &youTube{PerDay: 48, PerPage: 100, Pages: 5, Recheck: 50}
		},
	},
}
