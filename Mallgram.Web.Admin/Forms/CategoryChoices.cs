using Mallgram.Web.Admin.Api;

namespace Mallgram.Web.Admin.Forms;

/// <summary>Categories that people name by their path; where two have the same path, by path and slug.</summary>
public sealed class CategoryChoices
{
    private readonly Dictionary<string, string> _texts;
    private readonly Dictionary<string, string> _ids = new(StringComparer.CurrentCultureIgnoreCase);

    internal CategoryChoices(IReadOnlyList<CategoryChoice> all)
    {
        var shared = all.GroupBy(c => c.Path, StringComparer.CurrentCultureIgnoreCase).Where(g => g.Skip(1).Any()).Select(g => g.Key)
            .ToHashSet(StringComparer.CurrentCultureIgnoreCase);
        _texts = all.ToDictionary(c => c.Id, c => shared.Contains(c.Path) ? $"{c.Path} ({c.Slug})" : c.Path, StringComparer.Ordinal);
        foreach (var (id, text) in _texts)
        {
            _ids.TryAdd(text, id);
        }
    }

    public IEnumerable<string> Texts => _texts.Values.Order(StringComparer.CurrentCultureIgnoreCase);

    /// <returns>The id itself when there is no such category any more; empty for null.</returns>
    public string Text(string? id) => id is null ? "" : _texts.GetValueOrDefault(id, id);

    /// <returns>Null when nothing was typed, or when there is no such category, which is noted.</returns>
    internal string? Find(string? typed, string field, TypedFields fields)
    {
        if (TypedFields.Text(typed) is not { } text)
        {
            return null;
        }

        if (_ids.TryGetValue(text, out var id))
        {
            return id;
        }

        fields.Add(field, "is no category; choose one of the list", "n'est pas une catégorie ; choisissez dans la liste");
        return null;
    }
}
