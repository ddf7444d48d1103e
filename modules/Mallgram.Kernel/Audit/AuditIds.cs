using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Mallgram.Kernel.Ids;

namespace Mallgram.Kernel.Audit;

/// <summary>Ids in the audit log as front ends know them.</summary>
internal static class AuditIds
{
    private static readonly FrozenDictionary<string, string> OfTable = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["catalog.products"] = PublicId.Product,
        ["catalog.variants"] = PublicId.Variant,
        ["catalog.categories"] = PublicId.Category,
        ["catalog.collections"] = "col",
        ["catalog.price_rules"] = "rul",
        ["catalog.search_synonyms"] = "sns",
        ["orders.orders"] = PublicId.Order,
        ["payments.intents"] = PublicId.Payment,
        ["files.files"] = PublicId.File,
        ["stores.stores"] = PublicId.Store,
        ["stores.settings"] = PublicId.Store,
        ["stores.themes"] = PublicId.Store,
        ["catalog.merchandising_settings"] = PublicId.Store,
        ["identity.supabase_projects"] = PublicId.Store,
        ["identity.users"] = PublicId.User,
        ["identity.sessions"] = PublicId.Session,
        ["identity.addresses"] = PublicId.Address,
        ["identity.api_keys"] = PublicId.ApiKey,
        ["identity.invitations"] = PublicId.Invitation,
        ["identity.impersonations"] = PublicId.Impersonation,
        ["identity.platform_administrators"] = PublicId.PlatformAdministrator,
        ["identity.platform_second_factors"] = PublicId.PlatformAdministrator,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> OfColumn = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["product_id"] = PublicId.Product,
        ["variant_id"] = PublicId.Variant,
        ["category_id"] = PublicId.Category,
        ["parent_id"] = PublicId.Category,
        ["collection_id"] = "col",
        ["rule_id"] = "rul",
        ["order_id"] = PublicId.Order,
        ["payment_id"] = PublicId.Payment,
        ["file_id"] = PublicId.File,
        ["logo_file_id"] = PublicId.File,
        ["user_id"] = PublicId.User,
        ["created_by"] = PublicId.User,
        ["invited_by"] = PublicId.User,
        ["uploaded_by"] = PublicId.User,
        ["replaced_by"] = PublicId.ApiKey,
        ["administrator_id"] = PublicId.PlatformAdministrator,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The id of an entry's object; keys that are no UUID, and of several columns, as they are.</summary>
    public static string? Show(string table, string? key) =>
        OfTable.TryGetValue(table, out var prefix) && Guid.TryParseExact(key, "D", out var id) ? PublicId.Format(prefix, id) : key;

    /// <summary>The values of a row, ids in it included.</summary>
    public static JsonObject? ShowRow(string table, string? row)
    {
        if (row is null || JsonNode.Parse(row) is not JsonObject values)
        {
            return null;
        }

        foreach (var (column, value) in values.ToList())
        {
            var prefix = column == "id" ? OfTable.GetValueOrDefault(table) : OfColumn.GetValueOrDefault(column);
            if (prefix is not null && value is JsonValue text && text.TryGetValue<string>(out var key) && Guid.TryParseExact(key, "D", out var id))
            {
                values[column] = PublicId.Format(prefix, id);
            }
        }

        return values;
    }

    /// <summary>The key in the database that a public id stands for; anything else as it is.</summary>
    public static string Read(string shown)
    {
        var end = shown.IndexOf('_', StringComparison.Ordinal);
        return end > 0 && PublicId.TryParse(shown[..end], shown, out var id) ? id.ToString() : shown;
    }
}
