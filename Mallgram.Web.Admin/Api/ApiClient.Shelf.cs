using System.Text.Json.Nodes;

namespace Mallgram.Web.Admin.Api;

/// <summary>Brands, tags and what counts as low stock or a best seller.</summary>
internal sealed partial class ApiClient
{
    public Task<ListOf<BrandDetail>> BrandPageAsync(string? cursor, CancellationToken ct) =>
        GetAsync<ListOf<BrandDetail>>(Admin + "brands" + Query(("cursor", cursor), ("limit", "50")), ct);

    public Task CreateBrandAsync(JsonObject brand, CancellationToken ct) => PostAsync(Admin + "brands", brand, ct);

    public Task EditBrandAsync(string slug, JsonObject change, CancellationToken ct) => PatchAsync(Admin + "brands/" + Part(slug), change, ct);

    /// <param name="moveTo">Slug of the brand that its products get.</param>
    public Task DeleteBrandAsync(string slug, string? moveTo, CancellationToken ct) =>
        DeleteAsync(Admin + "brands/" + Part(slug) + Query(("move_to", moveTo)), ct);

    public Task RenameTagAsync(string? from, string? to, CancellationToken ct) =>
        PostAsync(Admin + "tags/rename", new JsonObject { ["from"] = from, ["to"] = to }, ct);

    public Task DeleteTagAsync(string tag, CancellationToken ct) => DeleteAsync(Admin + "tags/" + Part(tag), ct);

    public Task<MerchandisingSettings> MerchandisingAsync(CancellationToken ct) => GetAsync<MerchandisingSettings>(Admin + "merchandising/settings", ct);

    public Task ChangeMerchandisingAsync(JsonObject change, CancellationToken ct) => PatchAsync(Admin + "merchandising/settings", change, ct);
}

internal sealed record BrandDetail(string Slug, string Name, string? Description, BrandImage? Image, DateTimeOffset UpdatedAt);

/// <param name="Source">As it was given.</param>
/// <param name="Url">Through the image proxy.</param>
internal sealed record BrandImage(string Source, string? Url);

internal sealed record MerchandisingSettings(int LowStockThreshold, int BestSellerCount, int BestSellerDays);
