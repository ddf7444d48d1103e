using Mallgram.Sandbox.AliExpress.Catalogue;
using Mallgram.Sandbox.Control;
using Mallgram.Sandbox.OpenPlatform;

namespace Mallgram.Sandbox.AliExpress;

internal sealed class AliExpressControls(
    SupplierCatalogue catalogue,
    [FromKeyedServices(AliExpressControls.Code)] ItemChanges changes,
    [FromKeyedServices(AliExpressControls.Code)] OpenPlatformGateway gateway) : IProviderControls
{
    public const string Code = "aliexpress";

    public string Provider => Code;

    public string Title => "AliExpress";

    public IReadOnlyList<ControlAction> Actions { get; } =
    [
        .. PlatformControls.Actions(gateway, changes),
        new("bare_single", "Without simplify, send a list of one as a bare object.", [new("on", "on", "on or off")], a =>
        {
            gateway.Faults.BareSingle = a.Flag("on");
            return gateway.Faults.BareSingle ? "lists of one are bare objects" : "lists of one are lists";
        }),
        new("category_cycle", "Make the first category a child of its own child.", [new("on", "on", "on or off")], a =>
        {
            gateway.Faults.CategoryCycle = a.Flag("on");
            return gateway.Faults.CategoryCycle ? "the categories have a circle" : "the categories are a tree";
        }),
    ];

    public object State() => new Dictionary<string, object>(PlatformControls.State(gateway, changes, catalogue.Items.Count))
    {
        ["catalogue_categories"] = catalogue.Categories.Count,
        ["feeds"] = catalogue.FeedNames.Count,
        ["bare_single"] = gateway.Faults.BareSingle,
        ["category_cycle"] = gateway.Faults.CategoryCycle,
    };
}
