SELECT
    a.nome AS nome_associado,
    a.sobrenome AS sobrenome_associado,
    a.idade AS idade_associado,
    m.valor_transacao AS vlr_transacao_movimento,
    m.des_transacao AS des_transacao_movimento,
    CAST(m.data_movimento AS DATE) AS data_movimento,
    c.num_cartao AS numero_cartao,
    c.nom_impresso AS nome_impresso_cartao,
    CAST(c.data_criacao AS DATE) AS data_criacao_cartao,
    t.tipo AS tipo_conta,
    CAST(t.data_criacao AS DATE) AS data_criacao_conta
FROM movimento AS m
JOIN cartao AS c ON c.id = m.id_cartao
JOIN conta AS t ON t.id = c.id_conta
JOIN associado AS a ON a.id = c.id_associado
