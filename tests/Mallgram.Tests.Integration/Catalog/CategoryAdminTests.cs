using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Mallgram.Tests.Integration.Support;

namespace Mallgram.Tests.Integration.Catalog;

/// <summary>The store's own tree, changed by staff.</summary>
public sealed class CategoryAdminTests(MerchandisingTests.EmptyShop app) : IClassFixture<MerchandisingTests.EmptyShop>
{
    [Fact]
    public async Task Categories_are_made_moved_and_deleted_and_never_lie_below_themselves()
    {
        using var staff = await app.SignInStaffAsync();
        var root = await CreateAsync(staff, "Home", parent: null);
        var kitchen = await CreateAsync(staff, "Kitchen", root);
        var pots = await CreateAsync(staff, "Pots", kitchen);
        using (var circle = await PatchAsync(staff, root, new { parent_id = pots }))
        {
            await circle.ProblemAsync(422, "category_cycle");
        }

        using (var self = await PatchAsync(staff, root, new { parent_id = root }))
        {
            await self.ProblemAsync(422, "category_cycle");
        }

        using (var moved = await PatchAsync(staff, pots, new { parent_id = root, name = "Pans", position = 2 }))
        {
            Assert.Equal(HttpStatusCode.NoContent, moved.StatusCode);
        }

        var tree = await ListAsync(staff);
        Assert.Equal("Home > Pans", Find(tree, pots).GetProperty("path").GetString());
        Assert.Equal(["name", "parent_id", "position"], Find(tree, pots).GetProperty("locked_fields").EnumerateArray().Select(f => f.GetString()));

        using var product = await staff.PostAsJsonAsync(
            "/api/v1/admin/products", new { name = "Pan", category_id = pots, variants = new[] { new { prices = new[] { new { amount = 100 } } } } });
        var productId = (await product.JsonAsync(HttpStatusCode.Created)).GetProperty("id").GetString();
        using (var full = await staff.DeleteAsync("/api/v1/admin/categories/" + pots))
        {
            await full.ProblemAsync(409, "category_not_empty");
        }

        using (var gone = await staff.DeleteAsync($"/api/v1/admin/categories/{pots}?move_to={kitchen}"))
        {
            Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        }

        var after = await staff.GetFromJsonAsync<JsonElement>("/api/v1/admin/products/" + productId);
        Assert.Equal("Home > Kitchen", after.GetProperty("category").GetProperty("path").GetString());
        using (var taken = await staff.PostAsJsonAsync("/api/v1/admin/categories", new { name = "Home" }))
        {
            await taken.ProblemAsync(409, "slug_taken");
        }

        using (var unknown = await PatchAsync(staff, "cat_01h455vb4pex5vsknk084sn02q", new { name = "x" }))
        {
            await unknown.ProblemAsync(404, "category_not_found");
        }

        using var noParent = await PatchAsync(staff, kitchen, new { parent_id = "cat_01h455vb4pex5vsknk084sn02q" });
        await noParent.ProblemAsync(422, "validation_failed");
    }

    private static async Task<string> CreateAsync(HttpClient staff, string name, string? parent)
    {
        using var answer = await staff.PostAsJsonAsync("/api/v1/admin/categories", new { name, parent_id = parent });
        return (await answer.JsonAsync(HttpStatusCode.Created)).GetProperty("id").GetString()!;
    }

    private static Task<HttpResponseMessage> PatchAsync(HttpClient staff, string id, object body) =>
        staff.PatchAsJsonAsync("/api/v1/admin/categories/" + id, body);

    private static async Task<JsonElement[]> ListAsync(HttpClient staff) =>
        [.. (await staff.GetFromJsonAsync<JsonElement>("/api/v1/admin/categories")).GetProperty("data").EnumerateArray()];

    private static JsonElement Find(JsonElement[] tree, string id) => tree.Single(c => c.GetProperty("id").GetString() == id);
}
