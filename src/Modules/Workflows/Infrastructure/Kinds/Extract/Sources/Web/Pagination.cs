using System.Globalization;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Web;

/// <summary>A page that came.</summary>
/// <param name="Url">Its address.</param>
/// <param name="Records">Its records.</param>
/// <param name="Next">What the document names as the next page; null for nothing.</param>
/// <param name="Links">The values of the header <c>Link</c>.</param>
internal sealed record Page(Uri Url, long Records, string? Next, IReadOnlyList<string> Links);

/// <summary>How a source is asked for one page after the other.</summary>
internal abstract class Pagination
{
    /// <summary>The parameters of the first page.</summary>
    public virtual IEnumerable<KeyValuePair<string, string>> First => [];

    /// <summary>The path in the document that names the next page; null for none.</summary>
    public virtual JsonPath? NextPath => null;

    /// <summary>Whether a page must be a list to tell when it is the last.</summary>
    public virtual bool NeedsList => false;

    /// <summary>What changes of the address for the page after one: other parameters, or another address; null where there is none.</summary>
    public abstract NextPage? After(Page page);

    /// <summary>Reads the settings; null is one page.</summary>
    public static Pagination? Read(KindSettings? settings)
    {
        if (settings is not { } given)
            return null;
        if (given.Section("page") is { } page)
            return new Numbers(page);
        if (given.Section("offset") is { } offset)
            return new Offsets(offset);
        if (given.Text("next") is { } next)
            return new InDocument(JsonPath.Parse(next));
        return given.Flag("link_header") is true ? new InHeader() : null;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed class Numbers(KindSettings settings) : Pagination
    {
        private readonly string _param = settings.Required("param");
        private readonly (string Param, string Size)? _size =
            settings.Text("size_param") is { } param && settings.Text("size") is { } size ? (param, size) : null;

        private long _number = settings.Number("start") ?? 1;

        public override bool NeedsList => true;

        public override IEnumerable<KeyValuePair<string, string>> First
        {
            get
            {
                yield return KeyValuePair.Create(_param, Text(_number));
                if (_size is { } size)
                    yield return KeyValuePair.Create(size.Param, size.Size);
            }
        }

        // A source may give fewer than it is asked for: only an empty page is the end.
        public override NextPage? After(Page page) => page.Records == 0 ? null : new NextPage(null, [KeyValuePair.Create(_param, Text(++_number))]);
    }

    private sealed class Offsets(KindSettings settings) : Pagination
    {
        private readonly string _param = settings.Required("param");
        private readonly string? _limitParam = settings.Text("limit_param");
        private readonly long _limit = settings.Number("limit") ?? throw new TerminalException($"{settings.FieldOf("limit")} is missing.");

        private long _offset;

        public override bool NeedsList => true;

        public override IEnumerable<KeyValuePair<string, string>> First
        {
            get
            {
                yield return KeyValuePair.Create(_param, Text(_offset));
                if (_limitParam is not null)
                    yield return KeyValuePair.Create(_limitParam, Text(_limit));
            }
        }

        public override NextPage? After(Page page)
        {
            _offset += page.Records;
            return page.Records < _limit ? null : new NextPage(null, [KeyValuePair.Create(_param, Text(_offset))]);
        }
    }

    private sealed class InDocument(JsonPath path) : Pagination
    {
        public override JsonPath NextPath => path;

        public override NextPage? After(Page page) => string.IsNullOrEmpty(page.Next) ? null : new NextPage(new Uri(page.Url, page.Next), []);
    }

    private sealed class InHeader : Pagination
    {
        public override NextPage? After(Page page)
        {
            foreach (var link in page.Links.SelectMany(Links))
            {
                if (link.Relation.Split(' ').Contains("next", StringComparer.OrdinalIgnoreCase))
                    return new NextPage(new Uri(page.Url, link.Target), []);
            }

            return null;
        }

        // RFC 8288: <address>; rel="next", <address>; rel=last
        private static IEnumerable<(string Target, string Relation)> Links(string header)
        {
            for (var at = header.IndexOf('<', StringComparison.Ordinal); at >= 0;)
            {
                var close = header.IndexOf('>', at);
                if (close < 0)
                    yield break;
                var next = header.IndexOf('<', close);
                var parameters = header[(close + 1)..(next < 0 ? header.Length : next)].Split(';');
                var relation = parameters.Select(p => p.Trim().TrimEnd(',').Trim())
                    .FirstOrDefault(p => p.StartsWith("rel=", StringComparison.OrdinalIgnoreCase));
                if (relation is not null)
                    yield return (header[(at + 1)..close], relation[4..].Trim('"'));
                at = next;
            }
        }
    }
}

/// <summary>What changes for the next page.</summary>
/// <param name="Url">Its whole address; null keeps the one that there is.</param>
/// <param name="Parameters">Parameters with new values.</param>
internal sealed record NextPage(Uri? Url, IReadOnlyList<KeyValuePair<string, string>> Parameters);
