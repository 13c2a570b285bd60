namespace Pipeline.Console.Pictures;

/// <summary>Places of a graph without circles: columns from left to right, each node right of all that it waits for.</summary>
/// <param name="Nodes">The nodes with their places, as given.</param>
/// <param name="Columns">How many columns there are.</param>
/// <param name="Rows">How many rows the highest column has.</param>
internal sealed record GraphLayout(IReadOnlyList<PlacedNode> Nodes, int Columns, int Rows)
{
    private const int Sweeps = 4;

    /// <summary>
    /// Places nodes as Sugiyama does without dummy nodes: columns by the longest path, then each column in the order of its neighbours' mean places, to and fro a few
    /// times, which undoes most crossings. Names that are not among the nodes are left out.
    /// </summary>
    /// <param name="nodes">Each node with those that it waits for; each after those.</param>
    public static GraphLayout Of(IReadOnlyList<(string Name, IReadOnlyList<string> After)> nodes)
    {
        var column = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (name, after) in nodes)
            column[name] = after.Select(before => column.TryGetValue(before, out var at) ? at + 1 : 0).DefaultIfEmpty(0).Max();

        var before = nodes.ToDictionary(n => n.Name, n => n.After.Where(column.ContainsKey).ToList(), StringComparer.Ordinal);
        var behind = nodes.ToDictionary(n => n.Name, _ => new List<string>(), StringComparer.Ordinal);
        foreach (var (name, waits) in before)
            waits.ForEach(w => behind[w].Add(name));

        var columns = nodes.GroupBy(n => column[n.Name]).OrderBy(g => g.Key).Select(g => g.Select(n => n.Name).ToList()).ToList();
        var place = new Dictionary<string, double>(StringComparer.Ordinal);
        columns.ForEach(Renumber);
        for (var sweep = 0; sweep < Sweeps; sweep++)
        {
            var forward = sweep % 2 == 0;
            var neighbours = forward ? before : behind;
            foreach (var names in forward ? columns : Enumerable.Reverse(columns))
            {
                var mean = names.ToDictionary(n => n, n => neighbours[n].Count == 0 ? place[n] : neighbours[n].Average(m => place[m]), StringComparer.Ordinal);
                var ordered = names.OrderBy(n => mean[n]).ToList();
                names.Clear();
                names.AddRange(ordered);
                Renumber(names);
            }
        }

        return new GraphLayout(
            [.. nodes.Select(n => new PlacedNode(n.Name, column[n.Name], place[n.Name], before[n.Name]))], columns.Count, columns.Select(c => c.Count).DefaultIfEmpty(0).Max());

        // Centred, so that the middle of each column is on one line.
        void Renumber(List<string> names)
        {
            for (var i = 0; i < names.Count; i++)
                place[names[i]] = i - (names.Count - 1) / 2.0;
        }
    }
}

/// <summary>A node in its place.</summary>
/// <param name="Name">The node.</param>
/// <param name="Column">Its column, from 0.</param>
/// <param name="Row">Its place in the column; 0 is the middle, and those of a column are 1 apart.</param>
/// <param name="After">The nodes that it waits for.</param>
internal sealed record PlacedNode(string Name, int Column, double Row, IReadOnlyList<string> After);
