using Mallgram.Catalog.Contracts;
using Mallgram.Catalog.Text;

namespace Mallgram.Catalog.Import;

/// <summary>A supplier's flat list of categories as a tree with paths. Pure; whatever the list says, no circle is left.</summary>
internal sealed class CategoryTree
{
    private const string Separator = " > ";

    private CategoryTree(List<CategoryNode> nodes, List<SkippedItem> problems)
    {
        Nodes = nodes;
        Problems = problems;
    }

    /// <summary>Parents before their children.</summary>
    public List<CategoryNode> Nodes { get; }

    public List<SkippedItem> Problems { get; }

    public static CategoryTree Build(IReadOnlyList<SupplierCategory> categories)
    {
        var problems = new List<SkippedItem>();
        var known = new Dictionary<string, SupplierCategory>(StringComparer.Ordinal);
        foreach (var category in categories)
        {
            if (PlainText.Line(category.Name, 200).Length == 0)
            {
                problems.Add(new SkippedItem(category.ExternalId, SkipReasons.NoTitle, Detail: null));
            }
            else if (!known.TryAdd(category.ExternalId, category))
            {
                problems.Add(new SkippedItem(category.ExternalId, SkipReasons.Duplicate, Detail: null));
            }
        }

        var parents = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var category in known.Values)
        {
            var parent = category.ParentExternalId;
            if (parent is not null && !known.ContainsKey(parent))
            {
                problems.Add(new SkippedItem(category.ExternalId, SkipReasons.CategoryParentUnknown, parent));
                parent = null;
            }

            parents[category.ExternalId] = parent;
        }

        var nodes = new Dictionary<string, CategoryNode>(StringComparer.Ordinal);
        var ordered = new List<CategoryNode>(known.Count);
        var climbed = new List<string>();
        foreach (var start in known.Keys)
        {
            // Climb to something placed or to a root, then come back down. Meeting oneself on the way up is a circle: cut it there.
            climbed.Clear();
            for (var id = start; id is not null && !nodes.ContainsKey(id); id = parents[id])
            {
                climbed.Add(id);
                if (parents[id] is { } next && climbed.Contains(next))
                {
                    problems.Add(new SkippedItem(id, SkipReasons.CategoryCycle, next));
                    parents[id] = null;
                }
            }

            for (var i = climbed.Count - 1; i >= 0; i--)
            {
                var parent = parents[climbed[i]] is { } parentId ? nodes[parentId] : null;
                var node = Place(known[climbed[i]], parent);
                nodes.Add(node.ExternalId, node);
                ordered.Add(node);
            }
        }

        return new CategoryTree(ordered, problems);
    }

    private static CategoryNode Place(SupplierCategory category, CategoryNode? parent)
    {
        var name = PlainText.Line(category.Name, 200);
        var french = PlainText.Line(category.NameFr, 200) is { Length: > 0 } text && text != name ? text : null;
        var path = parent is null ? name : parent.Path + Separator + name;
        var pathFr = parent is null ? french ?? name : (parent.PathFr ?? parent.Path) + Separator + (french ?? name);
        return new CategoryNode(category.ExternalId, parent, name, french, path, pathFr == path ? null : pathFr);
    }
}

internal sealed record CategoryNode(string ExternalId, CategoryNode? Parent, string Name, string? NameFr, string Path, string? PathFr);
