namespace Pipeline.Workflows.Application.Engine;

/// <summary>Conditions of tasks: SQL over the run's parameters.</summary>
internal interface ICondition
{
    /// <summary>Whether a condition is true; NULL is not.</summary>
    /// <param name="sql">An expression; <c>$name</c> is a parameter of the run, also <c>$run_id</c>, <c>$workflow</c> and <c>$logical_date</c>.</param>
    /// <param name="run">The run.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <exception cref="TerminalException">The expression is wrong.</exception>
    bool IsTrue(string sql, RunFacts run, CancellationToken cancellationToken);
}
