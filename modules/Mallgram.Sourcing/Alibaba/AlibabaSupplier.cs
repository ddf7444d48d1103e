using System.Globalization;
using System.Text.Json;
using Mallgram.Catalog.Contracts;
using Mallgram.Kernel.Http;
using Mallgram.Kernel.Tenancy;
using Mallgram.Sourcing.OpenPlatform;
using Mallgram.Sourcing.Suppliers;
using Mallgram.Stores.Contracts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Mallgram.Sourcing.Alibaba;

/// <summary>
/// Alibaba.com for buyers: product lists by scene, description, inventory, freight estimate. It has no French, no ratings, no search by words
/// and no list of categories: the categories are those that products of earlier runs have named, without a tree.
/// </summary>
internal sealed class AlibabaSupplier(
    [FromKeyedServices(AlibabaSupplier.SupplierCode)] OpenPlatformAccount account,
    SeenCategories categories,
    IStores stores,
    StoreScope scope,
    IOptions<AlibabaOptions> options) : ISupplier
{
    public const string SupplierCode = "alibaba";

    private static readonly IReadOnlyDictionary<string, string> NoNames = new Dictionary<string, string>();

    private List<Scene>? _scenes;

    public string Code => SupplierCode;

    public int DetailConcurrency => options.Value.DetailConcurrency;

    public TimeSpan RefreshAfter => options.Value.RefreshAfter;

    public async Task<IReadOnlyList<SupplierCategory>> ReadCategoriesAsync(CancellationToken ct) => await categories.ReadAsync(Code, ct);

    /// <summary>The pages of all scenes, one scene after the other.</summary>
    public async Task<FeedPage> ReadFeedAsync(int page, CancellationToken ct)
    {
        var scenes = _scenes ??= await OpenScenesAsync(ct);
        var (pages, total) = (scenes.Sum(s => s.Pages), (int)Math.Min(int.MaxValue, scenes.Sum(s => (long)s.First.Total)));
        var index = page - 1;
        foreach (var scene in scenes)
        {
            if (index < scene.Pages)
            {
                var list = index == 0 ? scene.First : await ReadListAsync(scene.Id, index, ct);
                // A page without entries ends the feed though the totals promise more: the sync sees that it ended early.
                return new FeedPage(list.Items, list.Unreadable, total, page >= pages || list.Items.Count + list.Unreadable == 0);
            }

            index -= scene.Pages;
        }

        return new FeedPage([], 0, total, IsLast: true);
    }

    public Task<IReadOnlyDictionary<string, string>> ReadFrenchNamesAsync(int page, CancellationToken ct) => Task.FromResult(NoNames);

    public async Task<SupplierProduct?> ReadProductAsync(string externalId, CancellationToken ct)
    {
        var country = AlibabaWire.Country((await stores.GetAsync(scope.StoreId, ct)).Country);
        if (await CallItemAsync(
            "/eco/buyer/product/description",
            root => AlibabaWire.Product(root, externalId),
            ct,
            ("query_req", Json(new { ProductId = externalId, Country = country }))) is not { } description)
        {
            return null;
        }

        var product = description.Product;
        if (product.CategoryExternalId is { } category && description.CategoryName is { } name)
        {
            await categories.RememberAsync(Code, category, name, ct);
        }

        if (!product.IsOnSale || product.Variants.Count == 0)
        {
            return product;
        }

        var stock = await CallItemAsync(
            "/eco/buyer/product/inventory", AlibabaWire.Inventory, ct, ("inv_req", Json(new { ProductId = externalId })))
            ?? new Dictionary<string, int>();
        return product with
        {
            ShipsWithinDays = options.Value.AskShippingTime ? await ShippingDaysAsync(product, country, ct) : null,
            Variants = [.. product.Variants.Select(v => v with { Stock = stock.GetValueOrDefault(v.ExternalId) })],
        };
    }

    public Task<SupplierSearchPage> SearchAsync(string words, int page, CancellationToken ct) => throw new SupplierException(
        SupplierFault.NotOffered, "no_search", "Alibaba.com lists products by scene; it has no search by words for buyers.");

    private async Task<int?> ShippingDaysAsync(SupplierProduct product, string country, CancellationToken ct)
    {
        try
        {
            return await account.CallAsync(
                "/shipping/freight/calculate",
                AlibabaWire.ShippingDays,
                ct,
                ("product_id", product.ExternalId),
                ("quantity", product.MinOrderQuantity.ToString(CultureInfo.InvariantCulture)),
                ("destination_country", country));
        }
        catch (SupplierException e) when (e.Fault is SupplierFault.Refused or SupplierFault.ItemRefused or SupplierFault.Unreadable)
        {
            // No estimate for this product (freight template missing, country not served): the time is unknown, the product is not.
            return null;
        }
    }

    /// <returns>Nothing when the platform says, in either of its two places, that the product is gone.</returns>
    private async Task<T?> CallItemAsync<T>(string api, Func<JsonElement, T?> read, CancellationToken ct, params (string, string)[] parameters)
        where T : class
    {
        try
        {
            return await account.CallAsync(api, read, ct, parameters);
        }
        catch (SupplierException e) when (e.Fault == SupplierFault.Refused && AlibabaWire.IsGone(e.Code))
        {
            return null;
        }
        catch (SupplierException e) when (e.Fault == SupplierFault.Refused && AlibabaWire.FaultOf(e.Code) is { } fault and not SupplierFault.Refused)
        {
            throw new SupplierException(fault, e.Code, e.Message, e);
        }
    }

    private async Task<List<Scene>> OpenScenesAsync(CancellationToken ct)
    {
        var scenes = new List<Scene>();
        foreach (var id in options.Value.SceneIds.Split(','))
        {
            var first = await ReadListAsync(id, index: 0, ct);
            scenes.Add(new Scene(id, (int)(((long)first.Total + options.Value.PageSize - 1) / options.Value.PageSize), first));
        }

        return scenes;
    }

    private Task<ProductList> ReadListAsync(string scene, int index, CancellationToken ct) => account.CallAsync(
        "/eco/buyer/product/check",
        AlibabaWire.ProductIds,
        ct,
        ("query_req", Json(new { SceneId = scene, Index = index, Size = options.Value.PageSize, ProductType = "common" })));

    private static string Json(object request) => MallgramJson.ToJson(request);

    /// <param name="First">Its first page, which also says how many there are.</param>
    private sealed record Scene(string Id, int Pages, ProductList First);
}
