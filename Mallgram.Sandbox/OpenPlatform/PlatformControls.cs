using System.Globalization;
using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.OpenPlatform;

/// <summary>Controls that every platform of the family has.</summary>
internal static class PlatformControls
{
    public static IReadOnlyList<ControlAction> Actions(OpenPlatformGateway gateway, ItemChanges changes) =>
    [
        new("price_change", "Change the prices of some items.",
            [
                new("percent", "10", "how many of the items, 0 to 100"),
                new("factor", "1.1", "new price = old price times this"),
                new("seed", "1", "same seed, same items"),
            ],
            a => Text($"{changes.Reprice(a.Number("percent", 0, 100), a.Number("factor", 0.01m, 1000), Seed(a))} items repriced")),
        new("delist", "Take items off sale: they leave the lists and their detail says so.",
            [
                new("product_id", "", "one item; empty: a share of all"),
                new("percent", "1", "share, 0 to 100"),
                new("seed", "1", "same seed, same items"),
            ],
            a => Delist(a, changes)),
        new("relist", "Put every item back on sale.", [], _ =>
        {
            changes.RelistAll();
            return "all items are on sale";
        }),
        new("rubbish", "Spoil what some items say about themselves.",
            [
                new("kind", ItemChanges.HtmlTitles, string.Join(", ", ItemChanges.RubbishKinds)),
                new("percent", "10", "how many of the items, 0 to 100"),
                new("seed", "1", "same seed, same items"),
            ],
            a =>
            {
                var kind = a.OneOf("kind", ItemChanges.RubbishKinds);
                return Text($"{changes.Spoil(kind, a.Number("percent", 0, 100), Seed(a))} items have {kind}");
            }),
        new("fail_next", "Fail the next calls.",
            [
                new("count", "1", "number of calls"),
                new("status", "0", "0: the service reports itself down inside HTTP 200; 400 to 599: an HTML page with that status"),
            ],
            a =>
            {
                var status = (int)a.Whole("status", 0, 599);
                if (status is > 0 and < 400)
                {
                    throw new ControlArgumentException("'status' must be 0 or 400 to 599.");
                }

                gateway.Faults.FailNext(a.Count("count"), status);
                return Text($"{gateway.Faults.FailuresLeft} calls will fail");
            }),
        new("slow", "Delay every call.", [new("ms", "500", "milliseconds; 0 ends it")], a =>
        {
            gateway.Faults.Slow = a.Milliseconds("ms");
            return Text($"every call takes {gateway.Faults.Slow.TotalMilliseconds} ms longer");
        }),
        new("rate_limit", "Answer ApiCallLimit to every call for a while.", [new("ms", "1000", "milliseconds")], a =>
        {
            gateway.Quota.BanFor(a.Milliseconds("ms"));
            return "banned";
        }),
        new("quota", "Change the call quotas.",
            [
                new("per_second", "2000", "calls a second of one API; 0: no limit"),
                new("per_day", "0", "calls a day of the app; 0: no limit"),
            ],
            a =>
            {
                gateway.Quota.CallsPerSecond = a.Count("per_second");
                gateway.Quota.CallsPerDay = a.Count("per_day");
                return Text($"{gateway.Quota.CallsPerSecond} a second, {gateway.Quota.CallsPerDay} a day");
            }),
        new("expire_tokens", "End every access token issued so far; refresh tokens live on.", [], _ =>
        {
            gateway.Tokens.ExpireAccessTokens();
            return "access tokens ended";
        }),
        new("feed_ends_after", "Let the product list be over too early.", [new("page", "1", "last page, from 1; 0 ends it")], a =>
        {
            gateway.Faults.FeedEndsAfterPage = a.Count("page");
            return Text($"the list ends after page {gateway.Faults.FeedEndsAfterPage}");
        }),
        new("feed_repeats", "Show the first item of every list page twice.", [new("on", "on", "on or off")], a =>
        {
            gateway.Faults.FeedRepeats = a.Flag("on");
            return gateway.Faults.FeedRepeats ? "pages repeat an item" : "pages repeat nothing";
        }),
        new("mangle_next", "Send a truncated or nonsense body for the next calls.",
            [new("count", "1", "number of calls"), new("mode", "truncate", "truncate or garbage")],
            a =>
            {
                gateway.Faults.MangleNext(a.Count("count"), a.OneOf("mode", "truncate", "garbage") == "truncate");
                return Text($"{gateway.Faults.MangledLeft} bodies will be spoilt");
            }),
        new("clock_skew", "Set the platform's clock ahead: over 120 minutes off, it refuses every call.",
            [new("minutes", "180", "minutes ahead; negative: behind; 0: right")],
            a =>
            {
                gateway.Faults.ClockSkew = TimeSpan.FromMinutes(a.Whole("minutes", -1_000_000, 1_000_000));
                return Text($"the platform's clock is {gateway.Faults.ClockSkew.TotalMinutes} minutes ahead");
            }),
        new("reset", "Back to normal: prices, items, faults and quotas.", [], _ =>
        {
            changes.Reset();
            gateway.Faults.Reset();
            gateway.Quota.Reset();
            return "as at the start";
        }),
    ];

    public static Dictionary<string, object> State(OpenPlatformGateway gateway, ItemChanges changes, int items) => new(StringComparer.Ordinal)
    {
        ["catalogue_items"] = items,
        ["items_repriced"] = changes.Repriced,
        ["items_delisted"] = changes.Delisted,
        ["items_spoilt"] = changes.Spoilt,
        ["failures_left"] = gateway.Faults.FailuresLeft,
        ["mangled_left"] = gateway.Faults.MangledLeft,
        ["slow_ms"] = (long)gateway.Faults.Slow.TotalMilliseconds,
        ["feed_ends_after_page"] = gateway.Faults.FeedEndsAfterPage,
        ["feed_repeats"] = gateway.Faults.FeedRepeats,
        ["clock_skew_minutes"] = (long)gateway.Faults.ClockSkew.TotalMinutes,
        ["calls_per_second"] = gateway.Quota.CallsPerSecond,
        ["calls_per_day"] = gateway.Quota.CallsPerDay,
        ["calls_today"] = gateway.Quota.CallsToday,
    };

    private static string Delist(ControlArguments arguments, ItemChanges changes)
    {
        if (arguments.Text("product_id") is { Length: > 0 })
        {
            return changes.Delist(arguments.Whole("product_id", 1, long.MaxValue))
                ? "1 item taken off sale"
                : throw new ControlArgumentException("'product_id' is not an item on sale.");
        }

        return Text($"{changes.Delist(arguments.Number("percent", 0, 100), Seed(arguments))} items taken off sale");
    }

    private static int Seed(ControlArguments arguments) => (int)arguments.Whole("seed", 0, int.MaxValue);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
