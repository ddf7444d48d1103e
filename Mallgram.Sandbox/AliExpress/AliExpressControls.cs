using System.Globalization;
using Mallgram.Sandbox.AliExpress.Catalogue;
using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.AliExpress;

internal sealed class AliExpressControls(
    SupplierCatalogue catalogue, CatalogueChanges changes, AliExpressFaults faults, AliExpressQuota quota, AliExpressTokens tokens)
    : IProviderControls
{
    public string Provider => "aliexpress";

    public string Title => "AliExpress";

    public IReadOnlyList<ControlAction> Actions =>
    [
        new("price_change", "Change the prices of some items.",
            [
                new("percent", "10", "how many of the items, 0 to 100"),
                new("factor", "1.1", "new price = old price times this"),
                new("seed", "1", "same seed, same items"),
            ],
            a =>
            {
                var seed = (int)a.Whole("seed", 0, int.MaxValue);
                return Text($"{changes.Reprice(a.Number("percent", 0, 100), a.Number("factor", 0.01m, 1000), seed)} items repriced");
            }),
        new("delist", "Take items off sale: they leave the feeds and their detail says offline.",
            [
                new("product_id", "", "one item; empty: a share of all"),
                new("percent", "1", "share, 0 to 100"),
                new("seed", "1", "same seed, same items"),
            ],
            Delist),
        new("relist", "Put every item back on sale.", [], _ =>
        {
            changes.RelistAll();
            return "all items are on sale";
        }),
        new("fail_next", "Fail the next calls.",
            [
                new("count", "1", "number of calls"),
                new("status", "0", "0: error_response inside HTTP 200; 400 to 599: an HTML page with that status"),
            ],
            a =>
            {
                var status = (int)a.Whole("status", 0, 599);
                if (status is > 0 and < 400)
                {
                    throw new ControlArgumentException("'status' must be 0 or 400 to 599.");
                }

                faults.FailNext(a.Count("count"), status);
                return Text($"{faults.FailuresLeft} calls will fail");
            }),
        new("slow", "Delay every call.", [new("ms", "500", "milliseconds; 0 ends it")], a =>
        {
            faults.Slow = a.Milliseconds("ms");
            return Text($"every call takes {faults.Slow.TotalMilliseconds} ms longer");
        }),
        new("rate_limit", "Answer ApiCallLimit to every call for a while.", [new("ms", "1000", "milliseconds")], a =>
        {
            quota.BanFor(a.Milliseconds("ms"));
            return "banned";
        }),
        new("quota", "Change the call quotas.",
            [
                new("per_second", "2000", "calls a second of one API; 0: no limit"),
                new("per_day", "0", "calls a day of the app; 0: no limit"),
            ],
            a =>
            {
                quota.CallsPerSecond = a.Count("per_second");
                quota.CallsPerDay = a.Count("per_day");
                return Text($"{quota.CallsPerSecond} a second, {quota.CallsPerDay} a day");
            }),
        new("expire_tokens", "End every access token issued so far; refresh tokens live on.", [], _ =>
        {
            tokens.ExpireAccessTokens();
            return "access tokens ended";
        }),
        new("feed_ends_after", "Let the recommend feed call itself finished too early.", [new("page", "1", "last page; 0 ends it")], a =>
        {
            faults.FeedEndsAfterPage = a.Count("page");
            return Text($"the feed ends after page {faults.FeedEndsAfterPage}");
        }),
        new("mangle_next", "Send a truncated or nonsense body for the next calls.",
            [new("count", "1", "number of calls"), new("mode", "truncate", "truncate or garbage")],
            a =>
            {
                faults.MangleNext(a.Count("count"), a.OneOf("mode", "truncate", "garbage") == "truncate");
                return Text($"{faults.MangledLeft} bodies will be spoilt");
            }),
        new("bare_single", "Without simplify, send a list of one as a bare object.", [new("on", "on", "on or off")], a =>
        {
            faults.BareSingle = a.Flag("on");
            return faults.BareSingle ? "lists of one are bare objects" : "lists of one are lists";
        }),
        new("reset", "Back to normal: prices, items, faults and quotas.", [], _ =>
        {
            changes.Reset();
            faults.Reset();
            quota.Reset();
            return "as at the start";
        }),
    ];

    public object State() => new
    {
        catalogue_items = catalogue.Items.Count,
        catalogue_categories = catalogue.Categories.Count,
        feeds = catalogue.FeedNames.Count,
        items_repriced = changes.Repriced,
        items_delisted = changes.Delisted,
        failures_left = faults.FailuresLeft,
        mangled_left = faults.MangledLeft,
        slow_ms = (long)faults.Slow.TotalMilliseconds,
        feed_ends_after_page = faults.FeedEndsAfterPage,
        bare_single = faults.BareSingle,
        calls_per_second = quota.CallsPerSecond,
        calls_per_day = quota.CallsPerDay,
    };

    private string Delist(ControlArguments arguments)
    {
        if (arguments.Text("product_id") is { Length: > 0 })
        {
            return changes.Delist(arguments.Whole("product_id", 1, long.MaxValue))
                ? "1 item taken off sale"
                : throw new ControlArgumentException("'product_id' is not an item on sale.");
        }

        var seed = (int)arguments.Whole("seed", 0, int.MaxValue);
        return Text($"{changes.Delist(arguments.Number("percent", 0, 100), seed)} items taken off sale");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
